/** Price watches: what was asked, whether it is wanted, and what was told last. */

import type { Queryable } from '../postgres/database.ts';

export interface StoredWatch<Question = unknown> {
  id: string;
  sealed_email: string;
  language: 'en' | 'es';
  question: Question;
  created_at: Date;
  confirmed_at: Date | null;
  expires_at: Date;
  told_at: Date | null;
  told_year_usd: number | null;
  told_end_at: Date | null;
}

const COLUMNS = `id, sealed_email, language, question, created_at, confirmed_at, expires_at, told_at, told_year_usd, told_end_at`;

interface NewWatch {
  id: string;
  sealed_email: string;
  email_mark: string;
  language: 'en' | 'es';
  question: unknown;
  expires_at: Date;
}

/** How many there may be. */
interface WatchLimits {
  ofAddress: number;
  /** Of all, within the last hour. */
  anHour: number;
}

/** @returns `full`: nothing was written, the address or the hour has as many as it may */
export async function insertWatch(
  queryable: Queryable,
  { id, sealed_email, email_mark, language, question, expires_at }: NewWatch,
  { ofAddress, anHour }: WatchLimits,
): Promise<'written' | 'full'> {
  const { rowCount } = await queryable.query(
    `insert into price_watches (id, sealed_email, email_mark, language, question, expires_at)
     select $1, $2, $3, $4, $5, $6
      where (select count(*) from price_watches where email_mark = $3 and expires_at > now()) < $7
        and (select count(*) from price_watches where created_at > now() - interval '1 hour') < $8`,
    [id, sealed_email, email_mark, language, JSON.stringify(question), expires_at, ofAddress, anHour],
  );
  return rowCount === 1 ? 'written' : 'full';
}

/** @returns `null`: there is none, or not any more */
export async function readWatch<Question>(
  queryable: Queryable,
  id: string,
): Promise<StoredWatch<Question> | null> {
  const { rows } = await queryable.query<StoredWatch<Question>>(
    `select ${COLUMNS} from price_watches where id = $1 and expires_at > now()`,
    [id],
  );
  return rows[0] ?? null;
}

/** @param expires_at of a watch that is wanted */
export async function confirmWatch(queryable: Queryable, id: string, expires_at: Date): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update price_watches set confirmed_at = coalesce(confirmed_at, now()), expires_at = $2
      where id = $1 and expires_at > now()`,
    [id, expires_at],
  );
  return rowCount === 1;
}

/** Nothing of it is kept. @returns whether there was one */
export async function deleteWatch(queryable: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await queryable.query('delete from price_watches where id = $1', [id]);
  return rowCount === 1;
}

/** Those whose owner has not been asked yet, each for one process alone. */
export async function claimUnasked<Question>(
  queryable: Queryable,
  limit: number,
): Promise<StoredWatch<Question>[]> {
  const { rows } = await queryable.query<StoredWatch<Question>>(
    `update price_watches set asked_at = now() where id in (
       select id from price_watches where asked_at is null and expires_at > now()
        order by created_at limit $1 for update skip locked)
     returning ${COLUMNS}`,
    [limit],
  );
  return rows;
}

/** The mail did not go out: it is tried with the next round. */
export async function unask(queryable: Queryable, id: string): Promise<void> {
  await queryable.query('update price_watches set asked_at = null where id = $1 and confirmed_at is null', [
    id,
  ]);
}

/** All that are wanted, of one TDSP, and were told nothing for that long. */
export async function readWanted<Question>(
  queryable: Queryable,
  tdsp_duns: string,
  quietMs: number,
): Promise<StoredWatch<Question>[]> {
  const { rows } = await queryable.query<StoredWatch<Question>>(
    `select ${COLUMNS} from price_watches
      where confirmed_at is not null and expires_at > now() and question ->> 'tdsp_duns' = $1
        and (told_at is null or told_at < now() - make_interval(secs => $2::float8 / 1000))
      order by id`,
    [tdsp_duns, quietMs],
  );
  return rows;
}

interface ToldNow {
  /** `null`: of the plan nothing was said, or what was said holds no more. */
  year_usd: number | null;
  isEnd: boolean;
}

/**
 * Notes what is about to be told.
 * @returns `false`: another process was quicker, or it is not wanted any more
 */
export async function claimTelling(
  queryable: Queryable,
  { id, told_at }: Pick<StoredWatch, 'id' | 'told_at'>,
  { year_usd, isEnd }: ToldNow,
): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update price_watches set told_at = now(), told_year_usd = $3, told_end_at = case when $4 then now() else told_end_at end
      where id = $1 and date_trunc('milliseconds', told_at) is not distinct from $2 and expires_at > now()`,
    [id, told_at, year_usd, isEnd],
  );
  return rowCount === 1;
}

/** The mail did not go out: as it was before. */
export async function untell(queryable: Queryable, watch: StoredWatch): Promise<void> {
  await queryable.query(
    'update price_watches set told_at = $2, told_year_usd = $3, told_end_at = $4 where id = $1',
    [watch.id, watch.told_at, watch.told_year_usd, watch.told_end_at],
  );
}

/** What was told holds no more: the next plan that beats theirs is news again. */
export async function forgetTold(queryable: Queryable, id: string): Promise<void> {
  await queryable.query('update price_watches set told_year_usd = null where id = $1', [id]);
}

/** By how many cents per kWh the delivery charge of a TDSP has moved since a day. */
export async function readChargeShift(queryable: Queryable, tdsp_duns: string, since: Date): Promise<number> {
  const { rows } = await queryable.query<{ cents: number }>(
    `select coalesce(sum(rate_change), 0) as cents from market_events
      where tdsp_duns = $1 and kind = 'delivery_charge_changed' and at > $2`,
    [tdsp_duns, since],
  );
  return rows[0]!.cents;
}
