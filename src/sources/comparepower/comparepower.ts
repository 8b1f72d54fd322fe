/** ComparePower: one call for the plans of one TDSP, so six calls for Texas. */

import { isKeyName, type Secret } from '../../config.ts';
import { ConditionalRequest } from '../conditional.ts';
import type { Gate } from '../gate.ts';
import { getAnswer, type HttpAnswer, hostOf, withoutSecrets } from '../http.ts';
import type { FetchContext, Fetched, NotModified, PlanSource, SourceName } from '../source.ts';

const ENDPOINT = '/api/plans/current';
/** Our sandbox says so itself, whatever it was configured as. */
const SANDBOX_HEADER = 'x-wattsync-sandbox';

interface ComparePowerOptions {
  /** Without a path: `https://pricing.api.comparepower.com`. */
  url: string;
  apiKey: Secret | null;
  apiKeyHeader: string;
  /** More headers of each call. */
  headers?: readonly (readonly [name: string, text: Secret])[];
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
    this.origin = options.origin ?? withoutSecrets(options.url).replace(/\/$/, '');
  }

  async fetch(duns: readonly string[], context: FetchContext): Promise<Fetched | NotModified> {
    // Loaded with the first call: a program that starts with fresh plans listens sooner without it.
    const { readRecords, toFetched } = await import('./read-answer.ts');
    const tdsp_duns = duns[0]!;
    const params = { group: 'default', tdsp_duns, display_usage: '1000' };
    const { url, apiKey, apiKeyHeader, headers: more = [] } = this.#options;
    const host = hostOf(url);
    // Not from a cache on the way: it would tell how plans were.
    const headers: Record<string, string> = { accept: 'application/json', 'cache-control': 'no-cache' };
    for (const [name, text] of more) headers[name] = text.reveal();
    if (apiKey) headers[apiKeyHeader] = apiKey.reveal();
    const request = `${ENDPOINT}?${new URLSearchParams(params)}`;
    const conditional = new ConditionalRequest(request, context.known);
    const sourceOf = ({ headers }: HttpAnswer) => (headers.has(SANDBOX_HEADER) ? 'sandbox' : this.name);
    return this.#gate.call<Fetched | NotModified>(
      {
        source: this.name,
        origin: this.origin,
        endpoint: ENDPOINT,
        params,
        secrets: [
          ...(apiKey ? [apiKey] : []),
          ...more.flatMap(([name, text]) => (isKeyName(name) ? [text] : [])),
        ],
        perform: (signal, moved) =>
          getAnswer(`${url}${request}`, { ...headers, ...conditional.headers }, signal, moved),
        sourceOf,
        read: (answer) =>
          conditional.read(answer, host, () =>
            toFetched(readRecords(answer.body, host), tdsp_duns, sourceOf(answer)),
          ),
      },
      context,
    );
  }
}
