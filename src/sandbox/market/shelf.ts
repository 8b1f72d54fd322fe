/** Plan sets ready to send: serialised once for each TDSP and version of the market. */

import { hash } from 'node:crypto';
import type { SandboxTdsp } from './tdsps.ts';
import type { UpstreamPlan } from './upstream-plan.ts';

/** Where the plan sets of a sandbox come from: invented, or replayed from recorded days. */
export interface Market {
  /** What decides the plan sets: while it stays the same, so do they. */
  version(): number;
  plansOf(tdsp: SandboxTdsp, version: number): UpstreamPlan[];
  /** Which recorded day is being served; `null` where the market is invented. */
  position(): { date: string; step: number; steps: number } | null;
}

/** A strong one: other bytes, another tag. */
export const etagOf = (body: Buffer): string => `"${hash('sha1', body, 'hex')}"`;

/** What is on sale now, by TDSP. Only the current version is kept: virtual time does not come back. */
export class Shelf {
  readonly #market: Market;
  readonly #shelved = new Map<SandboxTdsp, ReturnType<Shelf['get']>>();

  constructor(market: Market) {
    this.#market = market;
  }

  get(tdsp: SandboxTdsp): { version: number; plans: readonly UpstreamPlan[]; body: Buffer; etag: string } {
    const version = this.#market.version();
    const shelved = this.#shelved.get(tdsp);
    if (shelved?.version === version) return shelved;
    const plans = this.#market.plansOf(tdsp, version);
    const body = Buffer.from(JSON.stringify(plans));
    const fresh = { version, plans, body, etag: etagOf(body) };
    this.#shelved.set(tdsp, fresh);
    return fresh;
  }
}
