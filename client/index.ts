/**
 * The client of the API of wattsync: every operation of its description as a method, typed. It asks again where that is worth
 * it, keeps what the server says has not changed, and reads lists page by page. Runs wherever there is `fetch`.
 */

import { OPERATIONS, type Operations, type Problem } from './types.ts';

export type * from './types.ts';

export interface ClientOptions {
  /** Where the server is: `https://plans.example.com`. */
  baseUrl: string;
  /** A token of `ADMIN_TOKEN`, for operators. */
  token?: string;
  /** In place of the global one. */
  fetch?: typeof fetch;
  /** How often a question is asked again; 3 if not given. */
  retries?: number;
  /** The longest time in seconds that is waited between two tries, whatever the server asks for; 30 if not given. */
  longestWait?: number;
  /** How many answers are kept to be confirmed by their tag; 100 if not given. */
  kept?: number;
}

export interface CallOptions {
  signal?: AbortSignal;
}

type Name = keyof Operations;
type Input<N extends Name> = Operations[N]['input'];
type Answer<N extends Name> = Operations[N]['answer'];
type Arguments<N extends Name> =
  Record<never, never> extends Input<N>
    ? [input?: Input<N>, options?: CallOptions]
    : [input: Input<N>, options?: CallOptions];
/** Operations whose answers are lists with a next page. */
type Listing = {
  [N in Name]: Answer<N> extends { data: readonly object[]; links: { next?: string } } ? N : never;
}[Name];
type Item<N extends Listing> = Answer<N> extends { data: readonly (infer T)[] } ? T : never;

export type Client = { readonly [N in Name]: (...given: Arguments<N>) => Promise<Answer<N>> } & {
  /** All items of a list, page by page as they are asked for. Where a list is never over, as that of changes, to its end of now. */
  each<N extends Listing>(name: N, ...given: Arguments<N>): AsyncGenerator<Item<N>, void>;
  /** Follows a link that an answer holds, such as `links.next` or that of a file. */
  follow<T = object>(link: string, options?: CallOptions): Promise<T>;
};

/** The server answered with a problem, or with something else than it describes. */
export class ApiError extends Error {
  readonly status: number;
  /** `null` where it said nothing that can be read. */
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null) {
    super(problem ? `${problem.code}: ${problem.detail}` : `The server answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
  }
}

interface Page {
  data: object[];
  meta?: { has_more?: boolean };
  links: { next?: string };
}

const PASSING = new Set([429, 502, 503, 504]);

export function createClient(settings: ClientOptions): Client {
  const { baseUrl, token, retries = 3, longestWait = 30, kept = 100 } = settings;
  const known = new Map<string, { tag: string; text: string }>();

  async function send(method: string, path: string, body: object | undefined, { signal }: CallOptions) {
    const url = new URL(path, baseUrl).href;
    const isGet = method === 'GET';
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body) headers['content-type'] = 'application/json';
    const mine = isGet ? known.get(url) : undefined;
    if (mine) headers['if-none-match'] = mine.tag;
    for (let tries = 0; ; tries++) {
      let answer: Response | undefined;
      try {
        answer = await (settings.fetch ?? fetch)(url, {
          method,
          headers,
          ...(body && { body: JSON.stringify(body) }),
          ...(signal && { signal }),
        });
      } catch (error) {
        // What changes something may have arrived.
        if (!isGet || tries >= retries || signal?.aborted) throw error;
      }
      if (answer?.status === 304 && mine) return JSON.parse(mine.text);
      const text = answer && (await answer.text());
      if (answer?.ok) {
        const tag = answer.headers.get('etag');
        known.delete(url);
        if (isGet && tag && kept > 0) {
          known.set(url, { tag, text: text! });
          if (known.size > kept) known.delete(known.keys().next().value!);
        }
        return JSON.parse(text!);
      }
      if (answer && (tries >= retries || !PASSING.has(answer.status) || (!isGet && answer.status !== 429))) {
        throw new ApiError(answer.status, problemIn(text!));
      }
      const asked = Number(answer?.headers.get('retry-after') ?? Number.NaN);
      const seconds = Math.min(longestWait, asked >= 0 ? asked : 2 ** tries * (0.25 + Math.random() / 4));
      await pause(seconds * 1_000, signal);
    }
  }

  function call(name: Name, { body, ...given }: Record<string, object> = {}, options: CallOptions = {}) {
    const [method, template] = OPERATIONS[name].split(' ') as [string, string];
    const query = new URLSearchParams();
    let path = template;
    for (const [key, value] of Object.entries(given)) {
      if (value === undefined || value === null) continue;
      const text = String(value);
      if (path.includes(`{${key}}`)) path = path.replace(`{${key}}`, encodeURIComponent(text));
      else query.set(key, text);
    }
    return send(method, query.size > 0 ? `${path}?${query}` : path, body, options);
  }

  async function* each(name: Name, given?: Record<string, object>, options: CallOptions = {}) {
    let page: Page = await call(name, given, options);
    for (;;) {
      yield* page.data;
      const { next } = page.links;
      if (!next || page.meta?.has_more === false) return;
      page = await send('GET', next, undefined, options);
    }
  }

  const methods = Object.keys(OPERATIONS).map((name) => [name, call.bind(null, name as Name)]);
  return Object.assign(Object.fromEntries(methods), {
    each,
    follow: (link: string, options: CallOptions = {}) => send('GET', link, undefined, options),
  });
}

function problemIn(text: string): Problem | null {
  try {
    const read = JSON.parse(text);
    return typeof read.code === 'string' ? read : null;
  } catch {
    return null;
  }
}

const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
