/** `/v1/plans`, one plan, and its history. */

import type { FastifyInstance } from 'fastify';
import { planJson } from '../catalog/plan-json.ts';
import { billCurve } from '../plan/bill.ts';
import { readFormerOffer, readOfferHistory, readPlan } from '../store/plans.ts';
import type { Place } from '../territory/places.ts';
import { integer, invalidParameters, type RawQuery, readParams } from './params.ts';
import { PLAN_PARAMS, type PlanParams, toPlanQuery } from './plan-params.ts';
import { Problem } from './problem.ts';
import {
  type ApiParts,
  freshnessHeaders,
  isNotModified,
  notReady,
  readPlanId,
  sendAsciiJson,
  upstreamNotice,
} from './routes.ts';

export const ONE_PLAN_PARAMS = {
  usage: integer('Usage in kWh a month, for which the bill is told; 1000 if not given.', 1, 100_000),
};

export function plansRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { catalog, database, territory } = parts;

  app.get('/v1/plans', async (request, reply) => {
    const raw = request.query as RawQuery;
    const params = readParams(PLAN_PARAMS, raw);
    const { tdsps, place } = readWhere(params, parts);
    const query = toPlanQuery(params, tdsps);
    const answer = await catalog.plans(tdsps, query);
    if ('notReady' in answer) throw notReady(parts, answer.notReady);
    const tag = answer.freshness.isStale ? `${answer.tag}-stale` : answer.tag;
    const headers = freshnessHeaders(parts, answer.freshness, tag);
    if (isNotModified(request.headers['if-none-match'], tag)) return reply.headers(headers).code(304).send();
    const json = answer.render({
      meta: { ...upstreamNotice(answer.freshness), ...place },
      linkTo: (cursor) => withCursor(request.url, cursor),
    });
    return sendAsciiJson(reply, headers, json);
  });

  app.get<{ Params: { id: string } }>('/v1/plans/:id', async (request, reply) => {
    const id = readPlanId(request.params.id);
    const { usage } = readParams(ONE_PLAN_PARAMS, request.query as RawQuery);
    const active = await catalog.activePlan(allDuns(parts), id);
    const plan = active?.plan ?? (await readPlan(database.pool, id));
    if (!plan) throw await missingPlan(parts, id);
    const freshness = active?.freshness ?? (await catalog.freshness([plan.tdsp_duns]));
    if ('notReady' in freshness) throw notReady(parts, freshness.notReady);
    const tag = `${plan.id}.${freshness.version}.${usage ?? 1000}`;
    reply.headers(freshnessHeaders(parts, freshness, tag));
    if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send();
    const current = plan.is_active ? null : await catalog.activePlan([plan.tdsp_duns], plan.offer_id);
    return {
      data: planJson(plan, billCurve(plan).at(usage ?? 1000)),
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

  app.get<{ Params: { id: string } }>('/v1/plans/:id/history', async (request) => {
    const id = readPlanId(request.params.id);
    readParams({}, request.query as RawQuery);
    const plan = await readPlan(database.pool, id);
    const offerId = plan?.offer_id ?? (await readFormerOffer(database.pool, id));
    const history = offerId && (await readOfferHistory(database.pool, offerId));
    if (!history) throw await missingPlan(parts, id);
    const { events, ...offer } = history;
    const listed = {
      event: 'listed',
      at: offer.first_seen_at,
      plan_id: null,
      external_id: null,
      changes: [],
    };
    return { data: [...events, listed], meta: { ...offer, total: events.length + 1 } };
  });

  const tdspMeta = (tdsps: readonly string[]) =>
    tdsps.map((duns) => territory.tdsp(duns)?.short_name ?? duns);

  /** Which TDSPs are asked for, and what is to be said about the place. */
  function readWhere(
    { city, zip, tdsp }: PlanParams,
    { places }: ApiParts,
  ): { tdsps: readonly string[]; place: Record<string, unknown> } {
    const given = [city, zip, tdsp].filter((one) => one !== null);
    if (given.length !== 1) {
      const what = given.length === 0 ? 'none of them is given' : 'more than one is given';
      throw invalidParameters([
        { field: 'city', message: `exactly one of city, zip and tdsp is needed; ${what}` },
      ]);
    }
    if (tdsp !== null) {
      const found = territory.tdsp(tdsp);
      if (found) return { tdsps: [found.duns], place: { place: { tdsps: [found.short_name], note: null } } };
      throw invalidParameters([
        { field: 'tdsp', message: `"${tdsp}" is no TDSP: expected one of ${territory.tdspList}` },
      ]);
    }
    if (zip !== null && !/^\s*\d{5}(-\d{4})?\s*$/.test(zip)) {
      throw invalidParameters([
        { field: 'zip', message: `"${zip}" is no ZIP code: expected five digits, for example 75201` },
      ]);
    }
    const place = expectPlace(places.find(city ?? zip ?? ''), city === null ? 'zip' : 'city');
    const about =
      place.kind === 'city'
        ? { slug: place.city.slug, name: place.city.name }
        : { zip: place.zip.zip, name: place.zip.city };
    return {
      tdsps: place.tdsps,
      place: { place: { ...about, tdsps: tdspMeta(place.tdsps), note: place.note } },
    };
  }
}

const allDuns = ({ territory }: ApiParts): string[] => territory.tdsps.map(({ duns }) => duns);

/** @throws {Problem} there are no plans at this place, and why */
export function expectPlace(place: Place, field: string): Extract<Place, { kind: 'city' | 'zip' }> {
  if (place.kind === 'no_choice') {
    const { explanation: detail, name, utilities } = place;
    throw new Problem('no_retail_choice', { detail, place: name, utilities });
  }
  if (place.kind === 'unknown') {
    const { explanation: detail, suggestions } = place;
    throw new Problem('unknown_place', { detail, errors: [{ field, message: detail }], suggestions });
  }
  return place;
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

/** The same address, one page on. */
function withCursor(url: string, cursor: string): string {
  return `${url.replace(/&cursor=[^&]*|(?<=\?)cursor=[^&]*&/g, '')}&cursor=${cursor}`;
}
