/**
 * What this process tells of the log: read once, and written once for all who are told the same. A text that was sent is
 * kept: another try, by any process, sends the same bytes.
 */

import type { UsageProfile } from '../plan/profiles/profiles.ts';
import {
  type EventFilter,
  type EventsPage,
  fitting,
  isAboutMany,
  type MarketEvent,
  readEvents,
} from '../store/events/event-log.ts';
import { keepPayloads, type Payload, payloadKey, readPayloads } from '../store/events/webhook-payloads.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { tellEvents } from './event-json.ts';

const PAGE = 200;
/** Texts in memory, beyond which they are forgotten: most are asked for within a second of each other. */
const MOST_TEXTS = 1_000;

interface Telling {
  filter: EventFilter;
  withPlans: boolean;
}

export class ToldEvents {
  readonly #database: Queryable;
  readonly #profiles: ReadonlyMap<string, UsageProfile>;
  readonly #pages = new Map<number, Promise<EventsPage>>();
  readonly #texts = new Map<string, Promise<string>>();

  constructor(database: Queryable, profiles: ReadonlyMap<string, UsageProfile>) {
    this.#database = database;
    this.#profiles = profiles;
  }

  /** The log may have grown. */
  forget(): void {
    this.#pages.clear();
    if (this.#texts.size > MOST_TEXTS) this.#texts.clear();
  }

  /** Events after a number that fit, the oldest first: those who are told up to the same number share one look. */
  async after(seq: number, filter: EventFilter): Promise<EventsPage> {
    let reading = this.#pages.get(seq);
    if (!reading) {
      reading = readEvents(this.#database, { after: seq, limit: PAGE });
      this.#pages.set(seq, reading);
      reading.catch(() => this.#pages.delete(seq));
    }
    const page = await reading;
    // One that is far behind reads past all that does not concern it.
    if (page.upTo < page.last) return readEvents(this.#database, { after: seq, limit: PAGE, filter });
    return { ...page, events: page.events.flatMap((event) => fitting(event, filter) ?? []) };
  }

  /** The text of each event, in their order. @param events as `after` gave them for this filter */
  texts(events: readonly MarketEvent[], telling: Telling): Promise<string[]> {
    const wanted = events.map((event) => ({ event, seq: event.seq, variant: variantOf(event, telling) }));
    const missing = wanted.filter((one) => !this.#texts.has(payloadKey(one)));
    if (missing.length > 0) {
      const writing = this.#write(missing, telling);
      for (const one of missing) {
        const key = payloadKey(one);
        const text = writing.then((written) => written.get(key)!);
        this.#texts.set(key, text);
        text.catch(() => this.#texts.delete(key));
      }
    }
    return Promise.all(wanted.map((one) => this.#texts.get(payloadKey(one))!));
  }

  async #write(
    wanted: readonly { event: MarketEvent; seq: number; variant: string }[],
    { withPlans }: Telling,
  ): Promise<Map<string, string>> {
    const database = this.#database;
    const kept = await readPayloads(database, wanted);
    const open = wanted.filter((one) => !kept.has(payloadKey(one)));
    if (open.length === 0) return kept;
    const events = open.map(({ event }) => event);
    const told = await tellEvents(database, events, { profiles: this.#profiles, withPlans });
    const payloads = open.map(
      ({ seq, variant }, at): Payload => ({ seq, variant, body: payloadOf(told[at]!) }),
    );
    // Where another process was first, its texts are the ones that were sent.
    if ((await keepPayloads(database, payloads)) < payloads.length) return readPayloads(database, wanted);
    for (const payload of payloads) kept.set(payloadKey(payload), payload.body);
    return kept;
  }
}

/** Who is told the same of an event: of one about many offers each is told its own part. */
function variantOf(event: MarketEvent, { withPlans, filter }: Telling): string {
  const form = withPlans ? 'plans' : 'thin';
  const { provider_id = null, offer_id = null } = filter;
  if (!isAboutMany(event) || (!provider_id && !offer_id)) return form;
  return `${form} ${offer_id ?? ''} ${provider_id ?? ''}`;
}

/** As Standard Webhooks shapes a payload: type, time, data. */
export const payloadOf = (data: { event: string; at?: string }): string =>
  JSON.stringify({ type: data.event, timestamp: data.at ?? new Date().toISOString(), data });
