/** The paths of the ComparePower API that the sandbox speaks, without faults, keys and limits. */

import { type Answer, errorJson, json } from './answer.ts';
import type { Fault } from './faults/faults.ts';
import { spoilPlans } from './faults/spoil.ts';
import { etagOf, type Shelf } from './market/shelf.ts';
import { DUNS_LIST, SANDBOX_DUNS, SANDBOX_TDSPS, type SandboxTdsp } from './market/tdsps.ts';
import { readFilters } from './plan-filters.ts';

const PLAN_LIST = '/api/plans/current';

export function isPlanList(path: string): boolean {
  return path === PLAN_LIST;
}

/** The TDSP a call is about. Only exact DUNS count here, as upstream: leading zeros are part of them. */
export function tdspOf(query: URLSearchParams): SandboxTdsp | undefined {
  const duns = query.get('tdsp_duns');
  return SANDBOX_TDSPS.find((tdsp) => tdsp.wire.duns_number === duns);
}

/** Answers a GET below `/api/`. `fault`: one that is about the list of plans spoils it. */
export function answerApi(shelf: Shelf, url: URL, fault: Fault | null): Answer {
  if (isPlanList(url.pathname)) return planList(shelf, url.searchParams, fault);
  if (url.pathname === '/api/tdsps') {
    return json(
      200,
      SANDBOX_TDSPS.map(({ wire }) => wire),
    );
  }
  const [, id] = /^\/api\/plans\/([^/]+)$/.exec(url.pathname) ?? [];
  if (id === undefined) return notFound(url.pathname);
  for (const tdsp of SANDBOX_TDSPS) {
    const plan = shelf.get(tdsp).plans.find((candidate) => candidate._id === id);
    if (plan) return json(200, plan);
  }
  return errorJson(404, `No plan ${id} is on sale today; a re-priced plan has a new id`);
}

export function notFound(path: string): Answer {
  const paths = '/api/plans/current?tdsp_duns=…, /api/plans/{id}, /api/tdsps, /health, /_sandbox/state';
  return errorJson(404, `${path} is not one of ${paths}`);
}

function planList(shelf: Shelf, query: URLSearchParams, fault: Fault | null): Answer {
  const tdsp = tdspOf(query);
  if (!tdsp) {
    const given = query.get('tdsp_duns');
    const wrong = given === null ? 'tdsp_duns is missing' : `tdsp_duns "${given}" is unknown`;
    const message = `${wrong}; valid are ${DUNS_LIST}`;
    return json(400, { error: 'Bad Request', message, valid_tdsp_duns: SANDBOX_DUNS });
  }
  const filters = readFilters(query);
  if (typeof filters === 'string') return errorJson(400, filters);
  const { plans, body, etag } = shelf.get(tdsp);
  if (filters.length === 0 && !fault) return { status: 200, body, headers: { etag } };
  const matching = plans.filter((plan) => filters.every((test) => test(plan)));
  const answer = json(200, fault ? spoilPlans(fault, matching) : matching);
  return { ...answer, headers: { etag: fault?.kind === 'stuck_etag' ? '"stuck"' : etagOf(answer.body) } };
}

/** 304 where the caller has this answer already (RFC 9110, 13.1.2). */
export function unlessKnown(answer: Answer, ifNoneMatch: string | undefined): Answer {
  const etag = answer.headers?.etag;
  if (etag === undefined || ifNoneMatch === undefined) return answer;
  const isKnown =
    ifNoneMatch.trim() === '*' ||
    ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
  return isKnown ? { status: 304, body: Buffer.alloc(0), headers: { etag } } : answer;
}
