/**
 * PostgreSQL away: neither alerts nor outbox can be written then, so the process that watched last tells it directly, and
 * writes it into the history once it is back. Should that process die as well, nobody calls HEARTBEAT_URL any more.
 */

import { describeError } from '../../errors.ts';
import { type AlertRow, insertAlertEvents, writeAlerts } from '../../store/observation/alert-rows.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { spanText } from '../text.ts';
import type { Channel } from './channels.ts';
import { toMessages } from './messages.ts';
import { addressed } from './outbox.ts';
import type { Rule, Rules } from './rules.ts';

const LEAST_OUTAGE_MS = 15_000;

export class Outage {
  readonly #rules: Rules;
  readonly #rule: Rule | undefined;
  readonly #channels: readonly Channel[];
  readonly #now: () => number;
  #since: number | null = null;
  /** Told over these channels. */
  readonly #told = new Set<string>();
  #alert: AlertRow | null = null;

  constructor(rules: Rules, channels: readonly Channel[], now: () => number = Date.now) {
    this.#rules = rules;
    this.#rule = rules.rules.find(({ signal }) => signal === 'postgres_away');
    this.#channels = channels;
    this.#now = now;
  }

  /** @param isTeller this process watched last: of several that miss PostgreSQL one tells */
  async goesOn(error: unknown, isTeller: boolean): Promise<void> {
    const rule = this.#rule;
    const now = this.#now();
    this.#since ??= now;
    const seconds = (now - this.#since) / 1_000;
    if (!rule || !isTeller || seconds < rule.fires || now - this.#since < rule.for) return;
    this.#alert ??= {
      rule: rule.id,
      subject: '',
      state: 'firing',
      severity: rule.severity,
      value: seconds,
      reading: `it does not answer: ${describeError(error)}`,
      since: new Date(this.#since),
      fired_at: new Date(now),
      clear_since: null,
      resolved_at: null,
      told_at: new Date(now),
      follows: null,
      acked_by: null,
      acked_at: null,
      acked_until: null,
      ack_note: null,
    };
    await this.#tell('fired', this.#alert);
  }

  /**
   * PostgreSQL answers.
   * @returns whether it was away long enough for something to follow from it: a busy moment is not an outage
   */
  async over(queryable: Queryable): Promise<boolean> {
    if (this.#since === null) return false;
    const alert = this.#alert;
    if (alert) {
      const at = new Date(this.#now());
      const away = spanText((at.getTime() - this.#since) / 1_000);
      const resolved: AlertRow = { ...alert, state: 'resolved', resolved_at: at, told_at: null };
      await writeAlerts(queryable, [resolved]);
      const { rule, subject, severity, reading } = alert;
      await insertAlertEvents(queryable, [
        { at: alert.fired_at!, rule, subject, severity, reading, event: 'fired' },
        { at, rule, subject, severity, reading: `it answers again, after ${away}`, event: 'resolved' },
      ]);
      const told = [...this.#told];
      this.#told.clear();
      await this.#tell('resolved', { ...resolved, reading: 'it answers again' }, told);
      this.#told.clear();
    }
    const wasAway = this.#now() - this.#since >= LEAST_OUTAGE_MS;
    this.#since = null;
    this.#alert = null;
    return wasAway;
  }

  /** @param only channels that heard of its beginning */
  async #tell(kind: 'fired' | 'resolved', alert: AlertRow, only?: readonly string[]): Promise<void> {
    const messages = toMessages([{ kind, alert }], this.#rules, alert.resolved_at ?? alert.fired_at!);
    await Promise.all(
      addressed(messages, this.#channels, this.#rules).map(async ({ channel, message }) => {
        if (this.#told.has(channel) || only?.includes(channel) === false) return;
        // Tried again with the next look.
        await this.#channels
          .find(({ name }) => name === channel)!
          .send(message)
          .then(
            () => this.#told.add(channel),
            () => {},
          );
      }),
    );
  }
}
