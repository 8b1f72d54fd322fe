/**
 * From readings to alerts: what begins, goes on, worsens and ends, and what is told about it. Pure: the same readings,
 * alerts and time give the same result, whichever process works it out.
 */

import type { AlertEventKind, AlertRow, NewAlertEvent, Silence } from '../../store/observation/alert-rows.ts';
import { silenceOf } from './list-alerts.ts';
import { isPast, type Rule, type Rules, severityAt } from './rules.ts';
import type { SignalReading } from './signals.ts';

/** What is told, and about which alert. */
export interface Told {
  kind: Extract<AlertEventKind, 'fired' | 'worsened' | 'reminded' | 'resolved'>;
  alert: AlertRow;
}

export interface Evaluation {
  /** To be written, as they are now. */
  changed: AlertRow[];
  /** They never fired and are over. */
  forgotten: AlertRow[];
  events: NewAlertEvent[];
  told: Told[];
  /** Silences whose time is over. */
  ended: Silence[];
}

interface EvaluationInput {
  rules: Rules;
  /** By rule; `null`: the signal could not be read at all. */
  readings: ReadonlyMap<string, readonly SignalReading[] | null>;
  alerts: readonly AlertRow[];
  /** Those that hold, and those whose time is over but that were not ended. */
  silences: readonly Silence[];
  /** Rules that count as met although they have no alert: what follows from them waits. */
  causes?: readonly string[];
  at: Date;
}

/** What followed from something else gets this long to be repaired with it. */
const GRACE_MS = 120_000;

const newAlert = (rule: Rule, { subject, value, text }: SignalReading, at: Date): AlertRow => ({
  rule: rule.id,
  subject,
  state: 'pending',
  severity: severityAt(rule, value),
  value,
  reading: text,
  since: at,
  fired_at: null,
  clear_since: null,
  resolved_at: null,
  told_at: null,
  follows: null,
  acked_by: null,
  acked_at: null,
  acked_until: null,
  ack_note: null,
});

/** `null`: as it was. */
function isMet(rule: Rule, { value }: SignalReading, isFiring: boolean): boolean | null {
  if (value === null) return rule.no_data === 'keep' ? null : rule.no_data === 'fire';
  if (!isFiring) return isPast(rule, value, rule.fires);
  return rule.fires > rule.clears ? value > rule.clears : value < rule.clears;
}

export function evaluate(input: EvaluationInput): Evaluation {
  const { rules, readings, alerts, at } = input;
  const result: Evaluation = {
    changed: [],
    forgotten: [],
    events: [],
    told: [],
    ended: input.silences.filter((one) => one.ended_at === null && one.until <= at),
  };
  for (const { rule, subject, reason } of result.ended) {
    const about = { rule: rule ?? '*', subject: subject ?? '', severity: 'ticket' as const };
    result.events.push({ ...about, at, event: 'silence_ended', reading: reason, by: 'time' });
  }
  const next = rules.rules.flatMap((rule) => {
    const own = alerts.filter((alert) => alert.rule === rule.id);
    return moved(rule, readings.get(rule.id) ?? null, own, at);
  });
  // What follows from what is only known once all conditions are.
  const met = new Set([
    ...(input.causes ?? []),
    ...next.flatMap(({ alert, isOver }) => (isOver || alert.state === 'resolved' ? [] : alert.rule)),
  ]);
  for (const one of next) new Settling(one, input, result).settle(met);
  return result;
}

interface Moved {
  rule: Rule;
  alert: AlertRow;
  before: AlertRow | null;
  /** The condition is not met any more. */
  isOver: boolean;
}

/** Conditions alone: which alerts there are, and whether they are met. */
function moved(
  rule: Rule,
  readings: readonly SignalReading[] | null,
  alerts: readonly AlertRow[],
  at: Date,
): Moved[] {
  const found: Moved[] = [];
  // What could not be read at all stays as it was; a subject that is gone has nothing wrong with it any more.
  if (readings === null) {
    return alerts.flatMap((before) =>
      before.state === 'resolved' ? [] : [{ rule, before, alert: { ...before }, isOver: false }],
    );
  }
  const left = alerts.filter(
    ({ state, subject }) => state !== 'resolved' && !readings.some((one) => one.subject === subject),
  );
  const gone = left.map(({ subject }) => ({ subject, value: rule.clears, text: 'is gone' }));
  for (const reading of [...readings, ...gone]) {
    const before = alerts.find(({ subject }) => subject === reading.subject) ?? null;
    const isOpen = before !== null && before.state !== 'resolved';
    const met = isMet(rule, reading, before?.state === 'firing') ?? isOpen;
    if (!met && !isOpen) continue;
    const alert = isOpen ? { ...before } : newAlert(rule, reading, at);
    if (reading.value !== null) Object.assign(alert, { value: reading.value, reading: reading.text });
    found.push({ rule, before: isOpen ? before : null, alert, isOver: !met });
  }
  return found;
}

/** What an alert comes to, once it is known what it follows from. */
class Settling {
  readonly #one: Moved;
  readonly #input: EvaluationInput;
  readonly #result: Evaluation;
  readonly #silence: Silence | null;

  constructor(one: Moved, input: EvaluationInput, result: Evaluation) {
    this.#one = one;
    this.#input = input;
    this.#result = result;
    this.#silence = silenceOf(one.alert, input.silences, input.at);
  }

  settle(met: ReadonlySet<string>): void {
    const { rule, alert, before, isOver } = this.#one;
    if (isOver && alert.state === 'pending') {
      if (before !== null) this.#result.forgotten.push(alert);
      return;
    }
    if (isOver) this.#end();
    else this.#goOn(rule.follows.find((one) => met.has(one)) ?? null);
    if (before === null || !isSame(before, alert)) this.#result.changed.push(alert);
  }

  #end(): void {
    const { rule, alert } = this.#one;
    const { at } = this.#input;
    alert.clear_since ??= at;
    if (at.getTime() - alert.clear_since.getTime() < rule.clear_for) return;
    const wasTold = alert.told_at !== null;
    Object.assign(alert, { state: 'resolved', resolved_at: at, follows: null, ...NO_ACK });
    this.#note('resolved');
    if (wasTold) this.#tell('resolved');
    alert.told_at = null;
  }

  /** @param cause the rule it follows from */
  #goOn(cause: string | null): void {
    const { rule, alert } = this.#one;
    const { at } = this.#input;
    const wasHeldBack = alert.follows !== null;
    alert.clear_since = null;
    alert.follows = cause;
    if (alert.state === 'firing') {
      this.#fireOn();
      return;
    }
    // From here on it counts by itself, with time for what brought it to be repaired.
    if (wasHeldBack && cause === null) {
      alert.since = new Date(at.getTime() + Math.max(0, GRACE_MS - rule.for));
    }
    if (cause !== null || at.getTime() - alert.since.getTime() < rule.for) return;
    Object.assign(alert, { state: 'firing', fired_at: at, severity: severityAt(rule, alert.value) });
    this.#note('fired');
    this.#tell('fired');
  }

  #fireOn(): void {
    const { rule, alert } = this.#one;
    const { at, rules } = this.#input;
    const severity = severityAt(rule, alert.value);
    if (severity === 'page' && alert.severity === 'ticket') {
      Object.assign(alert, { severity, ...NO_ACK });
      this.#note('worsened');
      this.#tell('worsened');
      return;
    }
    const isAckOver = alert.acked_until !== null && alert.acked_until <= at;
    if (isAckOver) {
      this.#note('ack_ended', 'time');
      Object.assign(alert, NO_ACK);
    }
    if (alert.acked_until !== null || alert.follows !== null || this.#silence !== null) return;
    // What fired in silence was never told; a silence that ends tells what still fires again.
    const isSilenceOver = this.#result.ended.some((one) =>
      silenceOf(alert, [{ ...one, until: AFTER_ALL }], at),
    );
    const isDue =
      alert.told_at !== null && at.getTime() - alert.told_at.getTime() >= rules.remind[alert.severity];
    if (alert.told_at === null) this.#tell('fired');
    else if (isAckOver || isSilenceOver || isDue) {
      this.#note('reminded');
      this.#tell('reminded');
    }
  }

  #note(event: AlertEventKind, by: string | null = null): void {
    const { rule, subject, severity, reading } = this.#one.alert;
    this.#result.events.push({ at: this.#input.at, rule, subject, severity, reading, event, by });
  }

  #tell(kind: Told['kind']): void {
    if (this.#silence !== null) return;
    this.#one.alert.told_at = this.#input.at;
    this.#result.told.push({ kind, alert: this.#one.alert });
  }
}

const AFTER_ALL = new Date(8.64e15);
const NO_ACK = { acked_by: null, acked_at: null, acked_until: null, ack_note: null };

/** The reading itself may waver: it is written when it tells something else to a person. */
function isSame(before: AlertRow, after: AlertRow): boolean {
  return (Object.keys(after) as (keyof AlertRow)[]).every((name) =>
    name === 'value' ? true : String(before[name]) === String(after[name]),
  );
}
