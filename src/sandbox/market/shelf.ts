/** Plan sets ready to send: serialised once for each TDSP and virtual day, as every call of that day gets the same. */

import { hash } from 'node:crypto';
import type { Market } from './market.ts';
import type { SandboxTdsp } from './tdsps.ts';
import type { UpstreamPlan } from './upstream-plan.ts';

interface ShelvedPlans {
  plans: readonly UpstreamPlan[];
  /** The JSON array of all of them. */
  body: Buffer;
  etag: string;
}

/** A strong one: other bytes, another tag. */
export const etagOf = (body: Buffer): string => `"${hash('sha1', body, 'hex')}"`;

export class Shelf {
  readonly #market: Market;
  readonly #shelved = new Map<SandboxTdsp, ShelvedPlans & { version: number }>();

  constructor(market: Market) {
    this.#market = market;
  }

  /** What is on sale now. Only the current version is kept: virtual time does not come back. */
  get(tdsp: SandboxTdsp): ShelvedPlans {
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
