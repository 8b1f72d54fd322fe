/**
 * Answers about the past: `as_of` on `/v1/plans` and `/v1/plans/{id}`. They look like those about now, with
 * `meta.source` "history" and `meta.as_of` the time that was asked about; what can change no more may be kept for good.
 */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { PastPlans, type PastView } from '../../catalog/past-plans.ts';
import { planJson } from '../../catalog/plan-json.ts';
import { asciiJson } from '../../plan/packed/ascii-json.ts';
import type { UsageProfile } from '../../plan/profiles/profiles.ts';
import { remarksOf } from '../../plan/quality/quality.ts';
import { readTdspsOfPlan } from '../../store/plans/plan-revisions.ts';
import { EDITION } from '../edition.ts';
import { invalidParameters } from '../params.ts';
import { Problem } from '../problem.ts';
import { type ApiParts, isNotModified, linkNext, upstreamNotice } from '../routes.ts';
import { type Where, withCursor } from './plan-answers.ts';
import { type PlanParams, toPlanQuery } from './plan-params.ts';

const KEEP_FOR_GOOD = 'public, max-age=31536000, immutable';
const KEEP_A_MINUTE = 'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400';

export class PastAnswers {
  readonly #parts: ApiParts;
  readonly #past: PastPlans;

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#past = new PastPlans({ database: parts.database.pool });
  }

  /** @throws {Problem} the time is wrong, or there is nothing of it */
  async answer(
    params: PlanParams,
    at: Date,
    { tdsps, placeJson }: Where,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<unknown> {
    const past = await this.#view(tdsps, at);
    const { view, version, tag } = past;
    const plans = [`${version}@past`];
    const query = toPlanQuery(params, plans);
    if (this.#isKnown(past, `${tag}.${at.getTime()}`, request, reply)) return reply.code(304).send();
    const { json, total, cursor } = view.page(query, plans);
    const meta = asciiJson(JSON.stringify(this.#meta(past)));
    const links: { next?: string } = cursor === null ? {} : { next: withCursor(request.url, cursor) };
    if (links.next) reply.header('link', linkNext(links.next));
    return reply
      .type('application/json; charset=utf-8')
      .send(
        `{${json},"meta":{"total":${total},${placeJson},"tdsps":${JSON.stringify(view.tdsps)},${meta.slice(1)},"links":${asciiJson(JSON.stringify(links))}}`,
      );
  }

  /** @throws {Problem} the time is wrong, or the plan was not on sale then */
  async answerOne(
    id: string,
    { usage, profile }: { usage: number; profile: UsageProfile | null },
    at: Date,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<unknown> {
    const tdsps = await readTdspsOfPlan(this.#parts.database.pool, id);
    if (tdsps.length === 0) {
      throw new Problem('unknown_plan', { detail: `No plan or offer has, or had, the id ${id}.` });
    }
    const past = await this.#view(tdsps, at);
    const plan = past.view.planWith(id);
    if (!plan) {
      throw new Problem('not_on_sale_then', {
        detail: `Neither a plan nor an offer with the id ${id} was on sale at ${at.toISOString()}.`,
        history: `/v1/plans/${id}/history`,
      });
    }
    if (
      this.#isKnown(
        past,
        `${plan.id}.${past.tag}.${at.getTime()}.${usage}.${profile?.months_kwh.join('-') ?? ''}`,
        request,
        reply,
      )
    ) {
      return reply.code(304).send();
    }
    return {
      data: planJson(plan, usage, profile, remarksOf(plan)),
      meta: this.#meta(past),
      links: { history: `/v1/plans/${plan.id}/history` },
    };
  }

  async #view(tdsps: readonly string[], at: Date): Promise<PastView> {
    const now = new Date();
    if (at > now) {
      const message = `lies in the future: it is ${now.toISOString()}. Leave it out for the plans of now`;
      throw invalidParameters([{ field: 'as_of', message }]);
    }
    const found = await this.#past.view(tdsps, at);
    if ('view' in found) return found;
    const names = (missing: string[]) =>
      missing.map((duns) => this.#parts.territory.tdsp(duns)?.short_name ?? duns).join(', ');
    if ('nothingYet' in found) {
      const { nothingYet, first_published_at: first } = found;
      const since =
        first === null ? 'There is nothing yet.' : `The first plans are of ${first.toISOString()}.`;
      const detail = `No plans of ${names(nothingYet)} were published at ${at.toISOString()} or before. ${since}`;
      throw new Problem('nothing_published_then', { detail, first_published_at: first });
    }
    const { notKept, kept_since } = found;
    const since = kept_since === null ? 'None can yet.' : `From ${kept_since.toISOString()} on they can.`;
    const detail = `What ${names(notKept)} had at ${at.toISOString()} cannot be rebuilt to the last detail, and is not guessed. ${since}`;
    throw new Problem('past_not_kept', { detail, kept_since });
  }

  #meta(past: PastView): Record<string, unknown> {
    const { at, version, published_at, age_seconds } = past;
    return {
      source: 'history',
      stale: age_seconds * 1000 > this.#parts.staleAfterMs,
      as_of: at.toISOString(),
      age_seconds,
      version,
      published_at: published_at.toISOString(),
      upstream: past.upstreams.join(','),
      ...upstreamNotice(past),
    };
  }

  /** Sets the headers. @returns whether the caller holds this answer already */
  #isKnown({ isSettled }: PastView, of: string, request: FastifyRequest, reply: FastifyReply): boolean {
    const tag = `${EDITION}.${of}`;
    reply.headers({
      etag: `W/"${tag}"`,
      // What was, is as true as when it happened.
      age: '0',
      'cache-control': isSettled ? KEEP_FOR_GOOD : KEEP_A_MINUTE,
      'cache-status': 'wattsync; fwd=bypass; detail=history',
    });
    return isNotModified(request.headers['if-none-match'], tag);
  }
}
