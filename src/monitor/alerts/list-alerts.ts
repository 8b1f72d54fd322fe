/** The alerts as commands, API and pages show them, and what an operator may say about them. */

import { expected, WattsyncError } from '../../errors.ts';
import {
  type AlertRow,
  acknowledgeAlerts,
  endSilence,
  insertSilence,
  readAlerts,
  readSilences,
  type Silence,
  unacknowledgeAlerts,
} from '../../store/observation/alert-rows.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { type Rule, type Rules, runbookOf } from './rules.ts';

/** An order about alerts that cannot be followed: no such rule, nothing fires, or no such silence. */
class AlertOrderError extends WattsyncError {
  readonly code = 'alert_order_invalid';
  readonly retryable = false;
}

/** How an alert shows: `follows`: its cause has an alert of its own; `quiet`: nothing is wrong. */
export type AlertDisplay = 'firing' | 'acknowledged' | 'silenced' | 'follows' | 'pending' | 'resolved';

export interface AlertView extends AlertRow {
  title: string;
  group: string;
  runbook: string;
  display: AlertDisplay;
  silence: Pick<Silence, 'id' | 'by' | 'until' | 'reason'> | null;
}

export interface AlertList {
  at: Date;
  /** Firing first; each rule and subject once. */
  alerts: AlertView[];
  silences: Silence[];
  rules: readonly Rule[];
}

export const silenceOf = (
  { rule, subject }: Pick<AlertRow, 'rule' | 'subject'>,
  silences: readonly Silence[],
  at: Date,
): Silence | null =>
  silences.find(
    (one) =>
      one.ended_at === null &&
      one.until > at &&
      (one.rule === null || one.rule === rule) &&
      (one.subject === null || one.subject === subject),
  ) ?? null;

function displayOf(alert: AlertRow, silence: Silence | null, at: Date): AlertDisplay {
  if (alert.state === 'resolved') return 'resolved';
  if (alert.follows !== null) return 'follows';
  if (alert.state === 'pending') return 'pending';
  if (silence !== null) return 'silenced';
  return alert.acked_until !== null && alert.acked_until > at ? 'acknowledged' : 'firing';
}

/** @throws if PostgreSQL cannot be asked */
export async function listAlerts(queryable: Queryable, { rules }: Pick<Rules, 'rules'>): Promise<AlertList> {
  const at = await readDatabaseTime(queryable);
  const silences = await readSilences(queryable);
  const alerts = (await readAlerts(queryable)).flatMap((alert): AlertView[] => {
    const rule = rules.find(({ id }) => id === alert.rule);
    if (!rule) return [];
    const silence = silenceOf(alert, silences, at);
    const { title, group } = rule;
    return [
      {
        ...alert,
        title,
        group,
        runbook: runbookOf(alert.rule),
        display: displayOf(alert, silence, at),
        silence: silence && { id: silence.id, by: silence.by, until: silence.until, reason: silence.reason },
      },
    ];
  });
  return { at, alerts, silences, rules };
}

/** Those that somebody has to look at: they fire, and nobody has said anything about them. */
export const firing = (alerts: readonly AlertView[]): AlertView[] =>
  alerts.filter(({ display }) => display === 'firing');

interface AlertOrder {
  rule: string;
  /** `null`: all subjects of the rule. */
  subject: string | null;
  by: string;
}

const LONGEST_ACK_MS = 7 * DAY_MS;
const LONGEST_SILENCE_MS = 30 * DAY_MS;
export const ACK_MS = 4 * HOUR_MS;

/**
 * Says that somebody is at it: no reminders until `forMs` has passed, the alert resolves, or its severity rises.
 * @throws {AlertOrderError} no such rule, nothing of it fires, or a time beyond seven days
 */
export async function ackAlert(
  queryable: Queryable,
  { rules }: Pick<Rules, 'rules'>,
  { rule, subject, by, note, forMs }: AlertOrder & { note: string | null; forMs: number },
) {
  expectRule(rules, rule);
  const until = await untilOf(queryable, forMs, LONGEST_ACK_MS);
  const acked = await acknowledgeAlerts(queryable, { rule, subject, by, note, until });
  if (acked.length > 0) return { until, alerts: acked };
  const what = subject === null ? `"${rule}"` : `"${rule}" of "${subject}"`;
  throw new AlertOrderError(`Nothing of ${what} fires. What does: npx wattsync alerts`);
}

/** @returns how many acknowledgements were taken back */
export function unackAlert(queryable: Queryable, order: AlertOrder): Promise<number> {
  return unacknowledgeAlerts(queryable, order);
}

/**
 * Tells nobody about it until then; what still fires at the end is told again.
 * @throws {AlertOrderError} no such rule, neither rule nor subject, or a time beyond thirty days
 */
export async function silenceAlert(
  queryable: Queryable,
  { rules }: Pick<Rules, 'rules'>,
  {
    rule,
    subject,
    by,
    reason,
    forMs,
  }: Omit<AlertOrder, 'rule'> & {
    /** `null`: every rule, for this subject. */
    rule: string | null;
    reason: string;
    forMs: number;
  },
): Promise<{ id: number; until: Date }> {
  if (rule !== null) expectRule(rules, rule);
  else if (subject === null) throw new AlertOrderError('A silence needs a rule, a subject, or both.');
  if (reason.trim() === '') throw new AlertOrderError('A silence needs a reason that others can read.');
  const until = await untilOf(queryable, forMs, LONGEST_SILENCE_MS);
  return { id: await insertSilence(queryable, { rule, subject, until, by, reason }), until };
}

/** @throws {AlertOrderError} there is no silence of this number that holds */
export async function unsilenceAlert(queryable: Queryable, id: number, by: string): Promise<Silence> {
  const ended = await endSilence(queryable, id, by);
  if (ended) return ended;
  throw new AlertOrderError(`There is no silence ${id} that holds. Those that do: npx wattsync alerts`);
}

function expectRule(rules: readonly Rule[], rule: string): void {
  if (rules.some(({ id }) => id === rule)) return;
  throw new AlertOrderError(
    `${expected('the name of a rule', rule)}: ${rules.map(({ id }) => id).join(', ')}`,
  );
}

async function untilOf(queryable: Queryable, forMs: number, longestMs: number): Promise<Date> {
  if (forMs <= 0 || forMs > longestMs) {
    const hours = longestMs / HOUR_MS;
    throw new AlertOrderError(expected(`a time of up to ${hours} hours`, `${forMs / HOUR_MS} hours`));
  }
  return new Date((await readDatabaseTime(queryable)).getTime() + forMs);
}
