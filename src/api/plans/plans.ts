/** `/v1/plans`, and one plan. */

import type { FastifyInstance } from 'fastify';
import type { Freshness } from '../../catalog/catalog.ts';
import { planJson } from '../../catalog/plan-json.ts';
import type { Plan } from '../../plan/plan.ts';
import { remarksAmong, remarksOf } from '../../plan/quality/quality.ts';
import type { Remark } from '../../plan/quality/remark.ts';
import { readFormerOffer, readPlan } from '../../store/plans/plans.ts';
import { integer, type RawQuery, readParams } from '../params.ts';
import { Problem } from '../problem.ts';
import {
  type ApiParts,
  freshnessHeaders,
  freshnessTag,
  isNotModified,
  notReady,
  readPlanId,
  upstreamNotice,
} from '../routes.ts';
import { PastAnswers } from './past-answers.ts';
import type { PlanAnswers } from './plan-answers.ts';
import { asOf, PLAN_PARAMS, profile, toPlanQuery } from './plan-params.ts';

export const ONE_PLAN_PARAMS = {
  usage: integer('Usage in kWh a month, for which the bill is told; 1000 if not given.', 1, 100_000),
  profile,
  as_of: asOf,
};

export function plansRoutes(app: FastifyInstance, parts: ApiParts, answers: PlanAnswers): void {
  const { catalog, database } = parts;
  const past = new PastAnswers(parts);

  app.get('/v1/plans', async (request, reply) => {
    const raw = request.query as RawQuery;
    const params = readParams(PLAN_PARAMS, raw);
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

  app.get<{ Params: { id: string } }>('/v1/plans/:id', async (request, reply) => {
    const id = readPlanId(request.params.id);
    const { usage, profile, as_of } = readParams(ONE_PLAN_PARAMS, request.query as RawQuery);
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
