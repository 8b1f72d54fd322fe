/**
 * The event log, read in its order. Numbers are given under one lock that is held until the commit, so what is read up
 * to the last one is whole: nothing with a lower number appears later, and none is left out.
 */

import type { EventCause, EventData, EventKind } from '../../plan/events/market-event.ts';
import type { Queryable } from '../postgres/database.ts';

export interface MarketEvent<Kind extends EventKind = EventKind> {
  seq: number;
  tdsp_duns: string;
  /** `null`: nothing was published. */
  version: number | null;
  at: Date;
  kind: Kind;
  cause: EventCause;
  offer_id: string | null;
  plan_id: string | null;
  external_id: string | null;
  provider_id: string | null;
  provider_name: string | null;
  /** Of the offer. */
  name: string | null;
  term_months: number | null;
  /** Cents per kWh at 1,000 kWh. */
  rate_change: number | null;
  data: EventData[Kind];
  /** Of the snapshot that it came with. */
  source: string | null;
  observed_at: Date | null;
  payload_hash: string | null;
  set_hash: string | null;
  run_id: number | null;
}

/** Left out or `null`: all. */
export interface EventFilter {
  tdsps?: readonly string[] | null;
  kinds?: readonly EventKind[] | null;
  provider_id?: string | null;
  offer_id?: string | null;
  /** Cents per kWh at 1,000 kWh, up or down: only events that moved a rate by as much. */
  minChange?: number | null;
}

export interface EventsPage {
  events: MarketEvent[];
  /** The number up to which the page looked. */
  upTo: number;
  /** The last number there is. */
  last: number;
  /** Up to which events are gone. */
  dropped: number;
}

/** A filter that fits little must not read the whole log at once. */
const SCAN = 20_000;

const ABOUT_MANY = `kind in ('delivery_charge_changed', 'market_listed')`;

/** Whether an event fits the filter in $2 to $6. */
const FITS = `($2::text[] is null or tdsp_duns = any($2))
  and ($3::text[] is null or kind = any($3))
  and ($4::text is null or provider_id = $4
       or ${ABOUT_MANY} and data -> 'affected' @> jsonb_build_array(jsonb_build_object('provider_id', $4)))
  and ($5::uuid is null or offer_id = $5
       or ${ABOUT_MANY} and data -> 'affected' @> jsonb_build_array(jsonb_build_object('offer_id', $5::text)))
  and ($6::numeric is null or abs(rate_change) >= $6)`;

const valuesOf = ({
  tdsps = null,
  kinds = null,
  provider_id = null,
  offer_id = null,
  minChange = null,
}: EventFilter): unknown[] => [tdsps, kinds, provider_id, offer_id, minChange];

const TOLD = `e.*, p.name as provider_name, o.name, o.term_months, s.source, s.observed_at, s.payload_hash, s.set_hash, s.run_id`;
const JOINED = `left join offers o on o.id = e.offer_id
       left join providers p on p.id = e.provider_id
       left join plan_snapshots s on s.tdsp_duns = e.tdsp_duns and s.version = e.version`;

/** Events after a number, the oldest first. */
export async function readEvents(
  queryable: Queryable,
  { after, limit, filter = {} }: { after: number; limit: number; filter?: EventFilter },
): Promise<EventsPage> {
  type Row = MarketEvent & { last: number; dropped: number };
  const { rows } = await queryable.query<Row>({
    name: 'read events',
    text: `select l.last_seq as last, l.dropped_seq as dropped, ${TOLD}
       from market_log l left join lateral (
         select * from market_events
          where seq > $1 and seq <= $1 + ${SCAN} and seq <= l.last_seq
            and ${FITS}
          order by seq limit $7
       ) e on true
       ${JOINED}
      order by e.seq`,
    values: [after, ...valuesOf(filter), limit],
  });
  const { last, dropped } = rows[0]!;
  const events = rows.flatMap(({ last: _, dropped: __, ...event }) =>
    event.seq === null ? [] : [onlyAffected(event, filter)],
  );
  const upTo = events.length === limit ? events.at(-1)!.seq : Math.max(after, Math.min(after + SCAN, last));
  return { events, upTo, last, dropped };
}

/**
 * The newest events that are news to a person: of the last ones, and not what a first snapshot found. The newest first.
 */
export async function readNews(
  queryable: Queryable,
  { limit, filter }: { limit: number; filter: EventFilter },
): Promise<MarketEvent[]> {
  const { rows } = await queryable.query<MarketEvent>({
    name: 'read news',
    text: `select ${TOLD}
       from (
         select * from market_events
          where seq > (select last_seq from market_log) - $1 and cause <> 'first_snapshot' and ${FITS}
          order by seq desc limit $7
       ) e
       ${JOINED}
      order by e.seq desc`,
    values: [SCAN, ...valuesOf(filter), limit],
  });
  return rows.map((event) => onlyAffected(event, filter));
}

type AboutMany = MarketEvent<'delivery_charge_changed'> | MarketEvent<'market_listed'>;

/** Whether it tells of many offers at once, each with an entry of its own. */
export const isAboutMany = (event: MarketEvent): event is AboutMany =>
  event.kind === 'delivery_charge_changed' || event.kind === 'market_listed';
/** Those of a time that come from one of these sources, the oldest first, after a number. */
export async function readEventsBetween(
  queryable: Queryable,
  {
    from,
    until,
    sources,
    after,
    most,
  }: { from: Date; until: Date; sources: readonly string[]; after: number; most: number },
): Promise<MarketEvent[]> {
  const { rows } = await queryable.query<MarketEvent>({
    name: 'read events between',
    text: `select ${TOLD}
       from market_events e
       ${JOINED}
      where e.at >= $1 and e.at < $2 and e.seq > $3 and s.source = any($4)
      order by e.seq limit $5`,
    values: [from, until, after, sources, most],
  });
  return rows;
}

/** Of an event about many offers the part that was asked for. */
function onlyAffected<Kind extends EventKind>(
  event: MarketEvent<Kind>,
  { provider_id = null, offer_id = null }: EventFilter,
): MarketEvent<Kind> {
  if (!isAboutMany(event) || (!provider_id && !offer_id)) return event;
  const affected = event.data.affected.filter(
    (one) => (!provider_id || one.provider_id === provider_id) && (!offer_id || one.offer_id === offer_id),
  );
  return { ...event, data: { ...event.data, affected } };
}

/** The same as `FITS`, of an event that was read already. @returns the part of it that fits; `null`: none */
export function fitting(event: MarketEvent, filter: EventFilter): MarketEvent | null {
  const { tdsps = null, kinds = null, provider_id = null, offer_id = null, minChange = null } = filter;
  if (tdsps && !tdsps.includes(event.tdsp_duns)) return null;
  if (kinds && !kinds.includes(event.kind)) return null;
  if (minChange !== null && (event.rate_change === null || Math.abs(event.rate_change) < minChange))
    return null;
  if (isAboutMany(event)) {
    const part = onlyAffected(event, filter);
    return part.data.affected.length > 0 || (!provider_id && !offer_id) ? part : null;
  }
  const isOf = (wanted: string | null, own: string | null) => wanted === null || wanted === own;
  return isOf(provider_id, event.provider_id) && isOf(offer_id, event.offer_id) ? event : null;
}

/** The number of the last event before a time. */
export async function readSeqBefore(queryable: Queryable, time: Date): Promise<number> {
  const { rows } = await queryable.query<{ seq: number }>(
    // A version that a wrong clock dated ahead is not passed over: what comes later in the log counts, whatever its time.
    `select coalesce((select min(seq) from market_events where at > $1) - 1, last_seq) as seq from market_log`,
    [time],
  );
  return rows[0]!.seq;
}

export async function readLogEnds(queryable: Queryable): Promise<{ last: number; dropped: number }> {
  const { rows } = await queryable.query<{ last: number; dropped: number }>(
    'select last_seq as last, dropped_seq as dropped from market_log',
  );
  return rows[0]!;
}
