/**
 * Lets a few questions that take long be answered at once, and the others wait their turn: one of each client after the
 * other, however many somebody sends. So those about the plans of now always find a connection and the time for them.
 */

import { Problem } from '../problem.ts';

interface FairGateOptions {
  atOnce: number;
  /** Of one client. */
  atOncePerClient: number;
  waiting: number;
  waitingPerClient: number;
}

interface Client {
  running: number;
  waiting: (() => void)[];
}

export class FairGate {
  readonly #options: FairGateOptions;
  /** Those who run or wait, in the order of their turns. */
  readonly #clients = new Map<string, Client>();
  #running = 0;
  #waiting = 0;

  constructor(options: FairGateOptions) {
    this.#options = options;
  }

  /** @throws {Problem} `too_many_requests`: this client has enough waiting; `busy`: all together have */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const client = this.#clients.get(name) ?? { running: 0, waiting: [] };
    this.#clients.set(name, client);
    if (!this.#mayRun(client) || client.waiting.length > 0) await this.#turn(client);
    else this.#begin(client);
    try {
      return await work();
    } finally {
      client.running -= 1;
      this.#running -= 1;
      // To the end of the line: behind those who came meanwhile.
      this.#clients.delete(name);
      if (client.running + client.waiting.length > 0) this.#clients.set(name, client);
      this.#next();
    }
  }

  #mayRun({ running }: Client): boolean {
    const { atOnce, atOncePerClient } = this.#options;
    return this.#running < atOnce && running < atOncePerClient;
  }

  #begin(client: Client): void {
    client.running += 1;
    this.#running += 1;
  }

  #turn(client: Client): Promise<void> {
    const { waiting, waitingPerClient } = this.#options;
    if (client.waiting.length >= waitingPerClient) {
      throw new Problem('too_many_requests', {
        detail: `At most ${waitingPerClient} questions that take long may wait at once for one client. Ask one after the other.`,
        retry_after_seconds: 1,
      });
    }
    if (this.#waiting >= waiting) {
      throw new Problem('busy', {
        detail: 'Too many questions that take long are waiting. Try again in a few seconds.',
        retry_after_seconds: 5,
      });
    }
    this.#waiting += 1;
    return new Promise((resolve) => client.waiting.push(resolve));
  }

  #next(): void {
    for (const client of this.#clients.values()) {
      if (client.waiting.length === 0 || !this.#mayRun(client)) continue;
      const go = client.waiting.shift()!;
      this.#waiting -= 1;
      this.#begin(client);
      go();
      return;
    }
  }
}
