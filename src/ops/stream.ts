/**
 * `/ops/stream`: what changed on the page "Now", as server-sent events. All viewers of a range share one look and one
 * message: what it costs does not grow with them but by the bytes they are sent.
 */

import type { ServerResponse } from 'node:http';
import type { RangeName } from './look/axis.ts';

const TICK_MS = 2_000;
/** More would be somebody's mistake; each is a socket. */
const MOST_VIEWERS = 300;
/** A viewer that does not read what it is sent is let go; it comes back by itself. */
const MOST_UNREAD_BYTES = 1 << 20;
const RETRY_MS = 3_000;

export interface StreamKey {
  range: RangeName;
  asTable: boolean;
}

/** The parts of a page by id, and its time. */
interface Rendered {
  at: Date;
  parts: ReadonlyMap<string, string>;
}

interface Channel {
  key: StreamKey;
  viewers: Set<ServerResponse>;
  last: Rendered | null;
}

export class OpsStream {
  readonly #render: (key: StreamKey) => Promise<Rendered>;
  readonly #channels = new Map<string, Channel>();
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | null = null;

  /** @param render never throws */
  constructor(render: (key: StreamKey) => Promise<Rendered>) {
    this.#render = render;
  }

  get isFull(): boolean {
    return [...this.#channels.values()].reduce((sum, { viewers }) => sum + viewers.size, 0) >= MOST_VIEWERS;
  }

  join(key: StreamKey, response: ServerResponse): void {
    const name = `${key.range} ${key.asTable}`;
    const channel = this.#channels.get(name) ?? { key, viewers: new Set(), last: null };
    this.#channels.set(name, channel);
    channel.viewers.add(response);
    response.on('close', () => {
      channel.viewers.delete(response);
      if (channel.viewers.size === 0) this.#channels.delete(name);
      if (this.#channels.size === 0) this.#rest();
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    // The page may be older than what the others have: the first message is all of it.
    if (channel.last) response.write(message(channel.last.at, channel.last.parts));
    this.#timer ??= setInterval(() => void this.tick(), TICK_MS);
    this.#timer.unref();
    if (!channel.last) void this.tick();
  }

  /** Sends what has changed. One at a time. */
  tick(): Promise<void> {
    this.#ticking ??= this.#tickOnce().finally(() => {
      this.#ticking = null;
    });
    return this.#ticking;
  }

  /** Safe early and twice. */
  stop(): void {
    this.#rest();
    for (const { viewers } of this.#channels.values()) for (const one of viewers) one.end();
    this.#channels.clear();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #tickOnce(): Promise<void> {
    for (const channel of this.#channels.values()) {
      const next = await this.#render(channel.key);
      const changed = [...next.parts].filter(([id, text]) => channel.last?.parts.get(id) !== text);
      const text = message(next.at, changed);
      channel.last = next;
      for (const viewer of channel.viewers) {
        if (viewer.writableLength > MOST_UNREAD_BYTES) viewer.destroy();
        else viewer.write(text);
      }
    }
  }
}

const message = (at: Date, parts: Iterable<readonly [string, string]>): string =>
  `data: ${JSON.stringify({ at: at.toISOString(), parts: Object.fromEntries(parts) })}\n\n`;
