/** The rows of each table, from what is stored. Nothing in them moves once the day is over. */

import { type EventJson, tellEvents } from '../events/event-json.ts';
import { PLAN_COLUMNS } from '../plan/fields.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { type MarketEvent, readEventsBetween } from '../store/events/event-log.ts';
import { readPlansThen } from '../store/events/plans-then.ts';
import { copyHistory, HISTORY_COLUMNS } from '../store/exports/export-rows.ts';
import type { Connection } from '../store/postgres/database.ts';
import { usageProfiles } from '../store/profiles.ts';
import { TABLES } from './dictionary.ts';
import type { ExportRow } from './formats/table.ts';

/** Of these a column is told as a time. */
const TIMES = new Set(PLAN_COLUMNS.filter(({ sql }) => sql === 'timestamptz').map(({ name }) => name));

export const planRows = (day: string, { version, plans }: PlanSet): ExportRow[] =>
  plans.map((plan) => [
    day,
    version,
    ...PLAN_COLUMNS.map(({ name, cell }) => {
      const value = cell(plan);
      return TIMES.has(name) && typeof value === 'string' ? new Date(value) : value;
    }),
  ]);

export const indexRows = (day: string, rows: readonly Record<string, unknown>[]): ExportRow[] =>
  rows.map((row) => TABLES['rate-index'].columns.map(({ name }) => (name === 'day' ? day : row[name])));

const EVENTS_AT_ONCE = 500;

/**
 * The events of a time, as they are told everywhere else, but for what still moves after the day: when and by which answer
 * the upstream last confirmed the version is left out, and names are those of that time.
 */
export async function* eventsOf(
  connection: Connection,
  between: { from: Date; until: Date; sources: readonly string[] },
): AsyncGenerator<EventJson[]> {
  for (let after = 0; ; ) {
    const events = await readEventsBetween(connection, { ...between, after, most: EVENTS_AT_ONCE });
    if (events.length === 0) return;
    after = events.at(-1)!.seq;
    const asThen = await withNamesThen(connection, events);
    yield await tellEvents(connection, asThen, { profiles: usageProfiles(), withPlans: false });
  }
}

async function withNamesThen(connection: Connection, events: readonly MarketEvent[]): Promise<MarketEvent[]> {
  const isOffer = ({ external_id, version }: MarketEvent) => external_id !== null && version !== null;
  const wanted = events.filter(isOffer).map(({ tdsp_duns, external_id, version, kind }) => ({
    tdsp_duns,
    external_id: external_id!,
    version: kind === 'offer_withdrawn' ? version! - 1 : version!,
  }));
  const plans = (await readPlansThen(connection, wanted)).values();
  return events.map((event) => {
    const plan = isOffer(event) ? (plans.next().value ?? null) : null;
    return {
      ...event,
      observed_at: null,
      payload_hash: null,
      name: plan?.name ?? null,
      term_months: plan?.term_months ?? null,
      provider_name: plan?.provider.name ?? (event.kind === 'provider_renamed' ? event.provider_name : null),
    };
  });
}

export const eventRows = (events: readonly EventJson[]): ExportRow[] =>
  events.map((event) => [
    event.seq,
    new Date(event.at),
    event.event,
    event.cause,
    event.tdsp_duns,
    event.version,
    event.offer_id,
    event.plan_id,
    event.external_id,
    event.provider?.id ?? null,
    event.provider?.name ?? null,
    event.name,
    event.term_months,
    event.rate_change_cents_per_kwh,
    event.changes,
    event.replaces,
    event.affected,
    event.details,
    event.evidence,
  ]);

/** Rows of the price history, `most` at once. */
export async function* historyRows(
  connection: Connection,
  between: { from: Date; until: Date; sources: readonly string[]; most: number },
): AsyncGenerator<ExportRow[]> {
  const at = HISTORY_COLUMNS.indexOf('changed_at');
  const version = HISTORY_COLUMNS.indexOf('snapshot_version');
  let text = '';
  let time = new Date(Number.NaN);
  for await (const rows of copyHistory(connection, between)) {
    for (const row of rows as unknown[][]) {
      // Of a publish all have the same one.
      if (row[at] !== text) {
        text = row[at] as string;
        time = new Date(Number(text));
      }
      row[at] = time;
      row[version] = Number(row[version]);
    }
    yield rows;
  }
}
