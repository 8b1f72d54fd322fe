/** ComparePower: one call for the plans of one TDSP, so six calls for Texas. */

import type { Secret } from '../../config.ts';
import { ConditionalRequest } from '../conditional.ts';
import type { Gate } from '../gate.ts';
import { excerpt, expectSuccess, getAnswer, type HttpAnswer, hostOf } from '../http.ts';
import type { FetchContext, Fetched, NotModified, PlanSource, SourceName } from '../source.ts';
import { SourceError } from '../source-error.ts';
import { normalisePlans } from './normalise.ts';
import { findDrift } from './wire.ts';

const ENDPOINT = '/api/plans/current';
/** The order page opens without a meter number (ESIID); with one that does not exist it would stay empty. */
const ORDER_PAGE = 'https://orders.comparepower.com/order/service_location';
/** Our sandbox says so itself, whatever it was configured as. */
const SANDBOX_HEADER = 'x-wattsync-sandbox';

export interface ComparePowerOptions {
  /** Without a path: `https://pricing.api.comparepower.com`. */
  url: string;
  apiKey: Secret | null;
  apiKeyHeader: string;
  /** `sandbox` where the address is that of our own. */
  name?: Extract<SourceName, 'comparepower' | 'sandbox'>;
  /** What to call the address in the records, where it differs from run to run. */
  origin?: string;
}

export class ComparePowerSource implements PlanSource {
  readonly name: SourceName;
  readonly origin: string;
  readonly coverage = 'tdsp';
  readonly #options: ComparePowerOptions;
  readonly #gate: Gate;

  constructor(options: ComparePowerOptions, gate: Gate) {
    this.#options = options;
    this.#gate = gate;
    this.name = options.name ?? 'comparepower';
    const { protocol, host, pathname } = new URL(options.url);
    this.origin = options.origin ?? `${protocol}//${host}${pathname}`.replace(/\/$/, '');
  }

  async fetch(duns: readonly string[], context: FetchContext): Promise<Fetched | NotModified> {
    const tdsp_duns = duns[0]!;
    const params = { group: 'default', tdsp_duns, display_usage: '1000' };
    const { url, apiKey, apiKeyHeader } = this.#options;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (apiKey) headers[apiKeyHeader] = apiKey.reveal();
    const request = `${ENDPOINT}?${new URLSearchParams(params)}`;
    const conditional = new ConditionalRequest(request, context.known);
    const answer = await this.#gate.call(
      {
        source: this.name,
        endpoint: ENDPOINT,
        params,
        perform: (signal) => getAnswer(`${url}${request}`, { ...headers, ...conditional.headers }, signal),
        read: (answer) =>
          conditional.isNotModified(answer, hostOf(url))
            ? null
            : { ...this.#read(answer), validators: conditional.validatorsOf(answer, new Date()) },
      },
      context,
    );
    if (!answer) return { notModified: true };
    const { records, isSandbox, validators } = answer;
    const source = isSandbox ? 'sandbox' : this.name;
    const orderPage = (id: string) => `${ORDER_PAGE}?${new URLSearchParams({ plan_id: id })}`;
    return {
      source,
      // Nothing can be ordered in a sandbox.
      tdsps: [normalisePlans(records, tdsp_duns, source === 'sandbox' ? () => null : orderPage)],
      schema_drift: findDrift(records),
      skipped: {},
      validators,
    };
  }

  #read(answer: HttpAnswer): { records: unknown[]; isSandbox: boolean } {
    const host = hostOf(this.#options.url);
    expectSuccess(answer, host, new Date());
    const text = new TextDecoder().decode(answer.body);
    let records: unknown;
    try {
      records = JSON.parse(text);
    } catch (cause) {
      throw new SourceError(
        'upstream_unreadable',
        `${host} answered something else than JSON, or JSON that is cut off: ${excerpt(answer.body)}`,
        { cause },
      );
    }
    if (!Array.isArray(records)) {
      throw new SourceError(
        'upstream_unreadable',
        `${host} answered JSON that is no list of plans: ${excerpt(answer.body)}`,
      );
    }
    return { records, isSandbox: answer.headers.has(SANDBOX_HEADER) };
  }
}
