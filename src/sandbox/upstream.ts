/** Everything below `/api/`: the paths of ComparePower, counted, guarded by key and limit, and met by faults. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expected } from '../errors.ts';
import {
  type Answer,
  errorJson,
  json,
  notModified,
  send,
  substituteFor,
  tooManyRequests,
  unauthorized,
} from './answer.ts';
import type { FaultDeck } from './faults/fault-deck.ts';
import type { Fault } from './faults/faults.ts';
import { spoilPlans } from './faults/spoil.ts';
import { SlidingSecond, type Traffic } from './faults/traffic.ts';
import { etagOf, type Shelf } from './market/shelf.ts';
import { DUNS_LIST, SANDBOX_DUNS, SANDBOX_TDSPS, type SandboxTdsp } from './market/tdsps.ts';
import type { UpstreamPlan } from './market/upstream-plan.ts';

const PLAN_LIST = '/api/plans/current';

type Product = UpstreamPlan['product'];

interface Filter {
  expected: string;
  pattern: RegExp;
  matches(product: Product, value: string): boolean;
}

const flag = (name: 'is_pre_pay' | 'is_time_of_use'): Filter => ({
  expected: 'true or false',
  pattern: /^(true|false)$/,
  matches: (product, value) => String(product[name]) === value,
});

/** The optional filters of a plan list, with the names the real API has for them. */
const FILTERS: Record<string, Filter> = {
  term: {
    expected: 'a number of months',
    pattern: /^\d{1,3}$/,
    matches: ({ term }, value) => term === Number(value),
  },
  // At least this green: 100 % also answers a search for 50 %.
  percent_green: {
    expected: 'a number from 0 to 100',
    pattern: /^(\d{1,2}(\.\d+)?|100)$/,
    matches: ({ percent_green }, value) => (percent_green ?? -1) >= Number(value),
  },
  is_pre_pay: flag('is_pre_pay'),
  is_time_of_use: flag('is_time_of_use'),
  brand_id: { expected: 'an id', pattern: /^/, matches: ({ brand }, value) => brand._id === value },
};

interface UpstreamParts {
  apiKey: string | undefined;
  rateLimitPerSecond: number | undefined;
  latencyMs: number;
  now: () => Date;
  deck: FaultDeck;
  traffic: Traffic;
  shelf: Shelf;
}

export function upstreamApi({
  apiKey,
  rateLimitPerSecond,
  latencyMs,
  now,
  deck,
  traffic,
  shelf,
}: UpstreamParts) {
  const admitted = new SlidingSecond();

  function refuse({ method, headers }: IncomingMessage): Answer | null {
    if (method !== 'GET') return errorJson(405, 'The API is read with GET', { allow: 'GET' });
    if (apiKey !== undefined && headers['x-api-key'] !== apiKey) return unauthorized();
    if (rateLimitPerSecond === undefined) return null;
    const nowMs = now().getTime();
    // Refused calls do not count: a caller that backs off gets through again.
    if (admitted.count(nowMs) >= rateLimitPerSecond) {
      return tooManyRequests(Math.max(1, Math.ceil(admitted.msUntilFree(nowMs) / 1000)));
    }
    admitted.add(nowMs);
    return null;
  }

  return async (
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    left: AbortSignal,
  ): Promise<void> => {
    const tdsp = tdspOf(url.searchParams)?.wire.duns_number ?? null;
    const end = traffic.begin(now().getTime(), tdsp);
    // `finish` comes with the last byte, `close` alone where the call was cut off or left.
    response.once('finish', () => end(response.statusCode)).once('close', () => end('no_answer'));

    const refusal = refuse(request);
    if (refusal) return send(response, refusal, null, left);
    const { delayMs, fault } = deck.draw({ tdsp, isPlanList: url.pathname === PLAN_LIST });
    const waitMs = latencyMs + delayMs;
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: left });
    if (fault?.kind === 'timeout') return;
    if (fault?.kind === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    const whole = (fault && substituteFor(fault, request.url!)) ?? answerApi(shelf, url, fault);
    // A call that is to meet a fault meets it, whatever the caller has.
    const isConditional = !fault || fault.kind === 'stuck_etag';
    const answer = isConditional ? unlessKnown(whole, request.headers['if-none-match']) : whole;
    return send(response, answer, fault, left);
  };
}

/** The TDSP a call is about. Only exact DUNS count here, as upstream: leading zeros are part of them. */
function tdspOf(query: URLSearchParams): SandboxTdsp | undefined {
  const duns = query.get('tdsp_duns');
  return SANDBOX_TDSPS.find((tdsp) => tdsp.wire.duns_number === duns);
}

function answerApi(shelf: Shelf, { pathname, searchParams }: URL, fault: Fault | null): Answer {
  if (pathname === PLAN_LIST) return planList(shelf, searchParams, fault);
  if (pathname === '/api/tdsps') {
    const tdsps = SANDBOX_TDSPS.map(({ wire }) => wire);
    return json(200, tdsps);
  }
  const [, id] = /^\/api\/plans\/([^/]+)$/.exec(pathname) ?? [];
  if (id === undefined) return notFound(pathname);
  const plan = SANDBOX_TDSPS.flatMap((tdsp) => shelf.get(tdsp).plans).find(({ _id }) => _id === id);
  return plan
    ? json(200, plan)
    : errorJson(404, `No plan ${id} is on sale today; a re-priced plan has a new id`);
}

export function notFound(path: string): Answer {
  const paths = '/api/plans/current?tdsp_duns=…, /api/plans/{id}, /api/tdsps, /health, /_sandbox/state';
  return errorJson(404, `${path} is not one of ${paths}`);
}

/** `fault`: one that is about the list of plans spoils it. */
function planList(shelf: Shelf, query: URLSearchParams, fault: Fault | null): Answer {
  const tdsp = tdspOf(query);
  if (!tdsp) {
    const message = `tdsp_duns: ${expected(`one of ${DUNS_LIST}`, query.get('tdsp_duns') ?? undefined)}`;
    return json(400, { error: 'Bad Request', message, valid_tdsp_duns: SANDBOX_DUNS });
  }
  const given = [...query].filter(([name]) => Object.hasOwn(FILTERS, name));
  const bad = given.find(([name, value]) => !FILTERS[name]!.pattern.test(value));
  if (bad) return errorJson(400, `${bad[0]}: ${expected(FILTERS[bad[0]]!.expected, bad[1])}`);
  const { plans, body, etag } = shelf.get(tdsp);
  if (given.length === 0 && !fault) return { status: 200, body, headers: { etag } };
  const matching = plans.filter(({ product }) =>
    given.every(([name, value]) => FILTERS[name]!.matches(product, value)),
  );
  const answer = json(200, fault ? spoilPlans(fault, matching) : matching);
  return { ...answer, headers: { etag: fault?.kind === 'stuck_etag' ? '"stuck"' : etagOf(answer.body) } };
}

/** 304 where the caller has this answer already (RFC 9110, 13.1.2). */
function unlessKnown(answer: Answer, ifNoneMatch = ''): Answer {
  const etag = answer.headers?.etag;
  const known = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return etag !== undefined && (known.includes(etag) || known.includes('*')) ? notModified(etag) : answer;
}
