/** `/v1/plans`, and one plan. */

import type { FastifyInstance } from 'fastify';
import type { Freshness } from '../../catalog/catalog.ts';
import { planJson } from '../../catalog/plan-json.ts';
import type { Plan } from '../../plan/plan.ts';
import { remarksAmong, remarksOf } from '../../plan/quality/quality.ts';
import type { Remark } from '../../plan/quality/remark.ts';
import { readFormerOffer, readPlan } from '../../store/plans/plans.ts';
import { integer, required } from '../params.ts';
import { Problem } from '../problem.ts';
import { type Operation, route } from '../route.ts';
import {
  type ApiParts,
  freshnessHeaders,
  freshnessTag,
  isNotModified,
  notReady,
  upstreamNotice,
} from '../routes.ts';
import { PastAnswers } from './past-answers.ts';
import type { PlanAnswers } from './plan-answers.ts';
import {
  asOf,
  EXAMPLE_PLAN_ID,
  PLACE_PARAMS,
  PLAN_PARAMS,
  planId,
  profile,
  toPlanQuery,
} from './plan-params.ts';

const ONE_PLAN_PARAMS = {
  usage: integer('Usage in kWh a month, for which the bill is told; 1000 if not given.', 1, 100_000),
  profile,
  as_of: asOf,
};

const PLANS = { method: 'GET', tag: 'Plans', caching: 'plans' } as const;
const PAST = ['nothing_published_then', 'past_not_kept'] as const;

const LIST_PLANS = {
  ...PLANS,
  id: 'listPlans',
  path: '/v1/plans',
  summary: 'Plans at a place: filtered, sorted, counted, page by page',
  description:
    'Plans at a place, as they are or, with `as_of`, as they were. `facets` counts what each other choice of a filter would bring.',
  query: PLAN_PARAMS,
  exactlyOneOf: PLACE_PARAMS,
  answer: 'PlanList',
  problems: [
    'unknown_place',
    'no_retail_choice',
    'plans_not_listed',
    'not_ready',
    'storage_unavailable',
    ...PAST,
  ],
  example: { query: { city: 'dallas-tx', term: '12,24', min_green: '50', usage: '1200', limit: '5' } },
} as const satisfies Operation;

const GET_PLAN = {
  ...PLANS,
  id: 'getPlan',
  path: '/v1/plans/{id}',
  summary: 'One plan, by its id or by that of its offer',
  description: 'One plan, by its id or by that of its offer, as it is or, with `as_of`, as it was.',
  inPath: { id: required(planId) },
  query: ONE_PLAN_PARAMS,
  answer: 'PlanAnswer',
  problems: [
    'unknown_plan',
    'plan_id_reused',
    'not_on_sale_then',
    'not_ready',
    'storage_unavailable',
    ...PAST,
  ],
  example: { inPath: { id: EXAMPLE_PLAN_ID }, query: { usage: '950', profile: 'house' } },
} as const satisfies Operation;

export function plansRoutes(app: FastifyInstance, parts: ApiParts, answers: PlanAnswers): void {
  const { catalog, database } = parts;
  const past = new PastAnswers(parts);

  route(app, LIST_PLANS, async ({ query: params, request, reply }) => {
    const where = answers.readWhere(params);
    if (params.as_of !== null) return past.answer(params, params.as_of, where, request, reply);
    // Before the answer is taken out of Fastify's hands: what it throws must reach the caller.
    const query = toPlanQuery(params, where.tdsps);
    const viewed = await catalog.view(where.tdsps);
    if ('notReady' in viewed) throw notReady(parts, viewed.notReady);
    // Past Fastify, which would measure and encode the body as UTF-8: half of the time of a large answer.
    reply.hijack();
    answers.answer(viewed, query, where, request.raw, reply.raw);
    return reply;
  });

  route(app, GET_PLAN, async ({ path: { id }, query: { usage, profile, as_of }, request, reply }) => {
    if (as_of !== null) return past.answerOne(id, { usage: usage ?? 1000, profile }, as_of, request, reply);
    const active = await catalog.activePlan(allDuns(parts), id);
    const plan = active?.plan ?? (await readPlan(database.pool, id));
    if (!plan) throw await missingPlan(parts, id);
    const known = active?.freshness ?? (await catalog.freshness([plan.tdsp_duns]));
    if ('notReady' in known) throw notReady(parts, known.notReady);
    // A plan that is no longer sold is in no plan set: it came from the table behind them.
    const freshness: Freshness = active ? known : { ...known, layer: 'active' };
    const tag = freshnessTag(
      freshness,
      `${plan.id}.${usage ?? 1000}.${profile?.months_kwh.join('-') ?? ''}.`,
    );
    reply.headers(freshnessHeaders(parts, freshness, tag));
    if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send();
    const current = plan.is_active ? null : await catalog.activePlan([plan.tdsp_duns], plan.offer_id);
    return {
      data: planJson(plan, usage ?? 1000, profile, await qualityOf(parts, plan)),
      meta: {
        source: freshness.layer,
        stale: freshness.isStale,
        as_of: freshness.as_of,
        age_seconds: freshness.age_seconds,
        version: freshness.version,
        upstream: freshness.upstreams.join(','),
        ...upstreamNotice(freshness),
      },
      links: {
        history: `/v1/plans/${plan.id}/history`,
        // A re-pricing may bring a new plan of the same offer.
        ...(current ? { current: `/v1/plans/${current.plan.id}` } : {}),
      },
    };
  });
}

const allDuns = ({ territory }: ApiParts): string[] => territory.tdsps.map(({ duns }) => duns);

/** Of a plan in memory, and so as long as its plan set stays: the plans beside it are those of one version. */
const remarks = new WeakMap<Plan, Remark[]>();

/** A plan that is no longer sold has no plans beside it. */
async function qualityOf({ catalog }: ApiParts, plan: Plan): Promise<Remark[]> {
  if (!plan.is_active) return remarksOf(plan);
  let found = remarks.get(plan);
  if (!found) {
    const plans = await catalog.plansWithWords([plan.tdsp_duns], () => true);
    found = [...remarksAmong(plan, plans), ...remarksOf(plan)];
    remarks.set(plan, found);
  }
  return found;
}

async function missingPlan({ database }: ApiParts, id: string): Promise<Problem> {
  const offerId = await readFormerOffer(database.pool, id);
  if (offerId === null) return new Problem('unknown_plan', { detail: `No plan or offer has the id ${id}.` });
  return new Problem('plan_id_reused', {
    detail:
      'The provider put another product under the upstream id of this plan. Its history is still there.',
    history: `/v1/plans/${id}/history`,
  });
}
