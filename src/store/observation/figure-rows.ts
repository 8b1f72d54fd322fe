/**
 * The minutes and hours of the fleet. A minute is derived from what all processes counted, and written down before that is
 * pruned; minutes nobody has written down yet are derived in the same way as they are read, so that no two readers differ.
 */

import { HOUR_MS } from '../../units.ts';
import type { Queryable } from '../postgres/database.ts';
import { deriveFigures } from './derive-figures.ts';
import { type Figures, type FiguresRow, sumFigures } from './figures.ts';

const MINUTE_MS = 60_000;

export type Span = 'minute' | 'hour';

/** A stretch of time; `to` does not belong to it. */
export interface Range {
  from: Date;
  to: Date;
}

const floor = (at: Date, ms: number): Date => new Date(Math.floor(at.getTime() / ms) * ms);
export const minuteOf = (at: Date): Date => floor(at, MINUTE_MS);
export const hourOf = (at: Date): Date => floor(at, HOUR_MS);

async function readStored(queryable: Queryable, span: Span, { from, to }: Range): Promise<FiguresRow[]> {
  const { rows } = await queryable.query<FiguresRow>(
    'select at, figures from figures where span = $1 and at >= $2 and at < $3 order by at',
    [span, from, to],
  );
  return rows;
}

/** When the minutes that are written down end; `null` before the first. */
async function readStoredUntil(queryable: Queryable): Promise<Date | null> {
  const { rows } = await queryable.query<{ at: Date | null }>(
    `select max(at) + interval '1 minute' as at from figures where span = 'minute'`,
  );
  return rows[0]!.at;
}

/** Every minute that begins in the range, the current one included. */
async function readMinutes(queryable: Queryable, range: Range): Promise<FiguresRow[]> {
  const stored = await readStored(queryable, 'minute', range);
  const until = await readStoredUntil(queryable);
  const first = minuteOf(new Date(range.from.getTime() + MINUTE_MS - 1));
  const from = until === null || until < first ? first : until;
  if (from >= range.to) return stored;
  return [...stored, ...(await deriveFigures(queryable, { from, to: range.to }))];
}

const foldHours = (minutes: readonly FiguresRow[]): FiguresRow[] =>
  [...Map.groupBy(minutes, ({ at }) => hourOf(at).getTime())].map(([at, rows]) => ({
    at: new Date(at),
    figures: sumFigures(rows),
  }));

/**
 * The figures of a time, oldest first. What nobody counted has no row.
 * @param span hours reach back two years, minutes thirty days
 */
export async function readFigures(queryable: Queryable, range: Range, span: Span): Promise<FiguresRow[]> {
  if (span === 'minute') return readMinutes(queryable, range);
  const hours = await readStored(queryable, 'hour', { from: hourOf(range.from), to: range.to });
  const last = hours.at(-1);
  const from = last ? new Date(last.at.getTime() + HOUR_MS) : hourOf(range.from);
  if (from >= range.to) return hours;
  return [...hours, ...foldHours(await readMinutes(queryable, { from, to: range.to }))];
}

/** All of a time together: whole hours where there are any, minutes at both ends. */
export async function readSum(queryable: Queryable, { from, to }: Range): Promise<Figures> {
  const firstHour = new Date(hourOf(new Date(from.getTime() + HOUR_MS - 1)));
  const lastHour = hourOf(to);
  if (lastHour <= firstHour) return sumFigures(await readFigures(queryable, { from, to }, 'minute'));
  const before = await readFigures(queryable, { from, to: firstHour }, 'minute');
  const hours = await readFigures(queryable, { from: firstHour, to: lastHour }, 'hour');
  const after = await readFigures(queryable, { from: lastHour, to }, 'minute');
  return sumFigures([...before, ...hours, ...after]);
}

/** Minutes that may still be added to: processes write every ten seconds, by their own clocks. */
const OPEN_MINUTES = 2;
/** What was missed while nobody watched is made up for as far as the counts reach. */
const MOST_MINUTES = 24 * 60;

/**
 * Writes down the minutes that have ended, those that may have been added to again, and the hours they belong to.
 * @param sample how the fleet is now, for the minute that ended last
 * @returns how many rows were written
 */
export async function rollUp(
  queryable: Queryable,
  now: Date,
  sample: Pick<Figures, 'tdsps' | 'readings'> | null,
): Promise<number> {
  const end = minuteOf(now);
  const until = await readStoredUntil(queryable);
  const oldest = new Date(end.getTime() - MOST_MINUTES * MINUTE_MS);
  const reopened = until && new Date(until.getTime() - OPEN_MINUTES * MINUTE_MS);
  const from = reopened === null || reopened < oldest ? oldest : reopened;
  if (from >= end) return 0;
  const derived = await deriveFigures(queryable, { from, to: end });
  const last = derived.at(-1);
  if (sample && last && last.at.getTime() === end.getTime() - MINUTE_MS) addSample(last.figures, sample);
  const minutes = await keepSamples(queryable, derived);
  await write(queryable, 'minute', minutes);
  const hours = await completeHours(queryable, from, end);
  await write(queryable, 'hour', hours);
  return minutes.length + hours.length;
}

function addSample(figures: Figures, { tdsps, readings }: Pick<Figures, 'tdsps' | 'readings'>): void {
  figures.readings = readings;
  for (const [duns, sampled] of Object.entries(tdsps)) {
    figures.tdsps[duns] = { ...sampled, published: figures.tdsps[duns]?.published ?? 0 };
  }
}

/** What was sampled in a minute that is derived again stays: it cannot be read later. */
async function keepSamples(queryable: Queryable, derived: readonly FiguresRow[]): Promise<FiguresRow[]> {
  const [first, last] = [derived[0], derived.at(-1)];
  if (!first || !last) return [];
  const stored = await readStored(queryable, 'minute', {
    from: first.at,
    to: new Date(last.at.getTime() + MINUTE_MS),
  });
  for (const { at, figures } of stored) {
    const again = derived.find((one) => one.at.getTime() === at.getTime());
    if (again && Object.keys(again.figures.readings).length === 0) addSample(again.figures, figures);
  }
  return [...derived];
}

/** Hours that have ended and whose minutes were just written. */
async function completeHours(queryable: Queryable, from: Date, end: Date): Promise<FiguresRow[]> {
  const range = { from: hourOf(from), to: hourOf(end) };
  return range.from >= range.to ? [] : foldHours(await readStored(queryable, 'minute', range));
}

async function write(queryable: Queryable, span: Span, rows: readonly FiguresRow[]): Promise<void> {
  if (rows.length === 0) return;
  await queryable.query(
    `insert into figures (span, at, figures)
     select $1, at, figures from jsonb_to_recordset($2) as f (at timestamptz, figures jsonb)
     on conflict (span, at) do update set figures = excluded.figures`,
    [span, JSON.stringify(rows)],
  );
}
