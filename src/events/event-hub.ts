/**
 * Tells what happens to everybody who listens to this process: what is new is read once and
 * written once for all of them. A client that comes back is told what it missed from the log, or in one word that it has to begin anew.
 */

import type { ServerResponse } from 'node:http';
import type { UsageProfile } from '../plan/profiles/profiles.ts';
import {
  type EventFilter,
  fitting,
  type MarketEvent,
  readEvents,
  readLogEnds,
} from '../store/events/event-log.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { type EventJson, partOf, tellEvents } from './event-json.ts';

/** What a client may miss and still be told from the log; one that missed more reads the plans again. */
const MOST_MISSED = 5_000;
const PAGE = 500;
/** A client that does not read what it is sent is let go; it comes back with the last it has. */
const MOST_UNREAD_BYTES = 1 << 20;
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 3_000;

interface Listener {
  response: ServerResponse;
  filter: EventFilter;
  /** The last event it was told, or that did not concern it. */
  seq: number;
}

type LogEnds = Awaited<ReturnType<typeof readLogEnds>>;

/** What a client missed, as it is written, and up to where. */
interface Missed {
  texts: string;
  upTo: number;
}

/** The same events as read, as told, as written. */
interface Told {
  events: readonly MarketEvent[];
  told: readonly EventJson[];
  texts: readonly string[];
  /** All of it, once for everybody who wants everything. */
  all: Buffer;
}

interface HubOptions {
  database: Queryable;
  profiles: ReadonlyMap<string, UsageProfile>;
  /** The most that may listen to this process. */
  most?: number;
  onError(error: unknown): void;
}

export class EventHub {
  readonly #options: Required<HubOptions>;
  readonly #listeners = new Set<Listener>();
  /** Up to where everybody who listens was told. */
  #seq = 0;
  #reading: Promise<void> | null = null;
  #ends: Promise<LogEnds> | null = null;
  /** What is being read for clients that came back, by the place and the filter they share. */
  readonly #missed = new Map<string, Promise<Missed>>();
  #isAskedAgain = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ most = 12_000, ...options }: HubOptions) {
    this.#options = { most, ...options };
  }

  /** How many may listen to this process. */
  get most(): number {
    return this.#options.most;
  }

  get isFull(): boolean {
    return this.#listeners.size >= this.#options.most;
  }

  /** @param last the last event that the client has; `null`: it wants what happens from now on */
  async join(response: ServerResponse, filter: EventFilter, last: number | null): Promise<void> {
    const ends = await this.#readEnds();
    if (this.#listeners.size === 0) this.#seq = ends.last;
    response.write(`retry: ${RETRY_MS}\n\n`);
    const listener = { response, filter, seq: last ?? ends.last };
    const isKept = listener.seq >= ends.dropped && listener.seq <= ends.last;
    if (!isKept || ends.last - listener.seq > MOST_MISSED) {
      listener.seq = ends.last;
      response.write(resync(ends.last));
    }
    // Up to where the others are; from there on it is told with them.
    while (listener.seq < this.#seq) await this.#catchUp(listener, this.#seq);
    if (response.destroyed) return;
    this.#listeners.add(listener);
    response.on('close', () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.stop();
    });
    this.#timer ??= setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#timer.unref();
    void this.heard();
  }

  /** Something was published, or may have been. Never throws. */
  heard(): Promise<void> {
    if (this.#listeners.size === 0) return Promise.resolve();
    this.#isAskedAgain = true;
    this.#reading ??= this.#readOn()
      .catch((error) => this.#options.onError(error))
      .finally(() => {
        this.#reading = null;
      });
    return this.#reading;
  }

  /** Safe early and twice. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { response } of this.#listeners) response.end();
    this.#listeners.clear();
  }

  async #readOn(): Promise<void> {
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      const { database } = this.#options;
      const { events, upTo, last } = await readEvents(database, { after: this.#seq, limit: PAGE });
      const told = await this.#told(events);
      const texts = told.map(textOf);
      const all = Buffer.from(texts.join(''));
      this.#seq = upTo;
      for (const listener of this.#listeners) this.#tell(listener, { events, told, texts, all }, upTo);
      if (upTo < last) this.#isAskedAgain = true;
    }
  }

  /** Many who join at once share one look: after a restart all of them come back within seconds. */
  #readEnds(): Promise<LogEnds> {
    this.#ends ??= readLogEnds(this.#options.database).finally(() => {
      this.#ends = null;
    });
    return this.#ends;
  }

  async #catchUp(listener: Listener, upTo: number): Promise<void> {
    const { filter, seq } = listener;
    const key = `${seq} ${upTo} ${JSON.stringify(filter)}`;
    let missed = this.#missed.get(key);
    if (!missed) {
      missed = this.#readMissed(seq, upTo, filter).finally(() => this.#missed.delete(key));
      this.#missed.set(key, missed);
    }
    const { texts, upTo: told } = await missed;
    if (texts !== '') listener.response.write(texts);
    listener.seq = told;
  }

  async #readMissed(after: number, upTo: number, filter: EventFilter): Promise<Missed> {
    const page = await readEvents(this.#options.database, { after, limit: PAGE, filter });
    const told = await this.#told(page.events.filter((event) => event.seq <= upTo));
    return { texts: told.map(textOf).join(''), upTo: Math.min(page.upTo, upTo) };
  }

  #told(events: readonly MarketEvent[]): Promise<EventJson[]> {
    const { database, profiles } = this.#options;
    return tellEvents(database, events, { profiles, withPlans: false });
  }

  #tell(listener: Listener, { events, told, texts, all }: Told, upTo: number): void {
    const { response, filter, seq } = listener;
    const isAll = events.length > 0 && events[0]!.seq > seq && isEverything(filter);
    const own = isAll
      ? []
      : events.flatMap((event, at) => {
          const part = event.seq > seq ? fitting(event, filter) : null;
          if (part === null) return [];
          return part === event ? texts[at]! : textOf(partOf(told[at]!, part));
        });
    if (isAll) response.write(all);
    else if (own.length > 0) response.write(own.join(''));
    listener.seq = upTo;
    if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
  }

  /** Also tells a client with a filter how far it is, so that it never has to look through what did not concern it. */
  #beat(): void {
    const beats = new Map<number, Buffer>();
    for (const { response, seq } of this.#listeners) {
      const beat = beats.get(seq) ?? Buffer.from(`: ${seq}\n\n`);
      beats.set(seq, beat);
      response.write(beat);
    }
  }
}

const isEverything = (filter: EventFilter): boolean => Object.values(filter).every((one) => one == null);

const textOf = (event: EventJson): string =>
  `id: ${event.seq}\nevent: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`;

const resync = (seq: number): string =>
  `id: ${seq}\nevent: resync\ndata: ${JSON.stringify({ event: 'resync', seq })}\n\n`;
