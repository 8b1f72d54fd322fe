/** Readers who ask for pages of plans, as a city with one TDSP or with two does, and look closely at what they get. */

import assert from 'node:assert/strict';
import type { CachedSet, PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { UNKNOWN } from '../../src/plan/fields.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { EVERY_PLAN } from './questions.ts';
import { STALE_AFTER_MS } from './simulated-fleet.ts';

/** A plan whose name says of which version it is; its id is always the same. */
export const wholePlan = (tdsp_duns: string, version: number): Plan => ({
  ...UNKNOWN,
  id: `00000000-0000-4000-8000-0${tdsp_duns.slice(-11).padStart(11, '0')}`,
  tdsp_duns,
  external_id: 'x',
  offer_id: tdsp_duns,
  name: `${tdsp_duns} ${version}`,
  term_months: 12,
  provider: { id: 'alpha', name: 'Alpha' },
  rate_type: 'fixed',
  percent_green: 0,
  rates_cents_per_kwh: { 500: version, 1000: version, 2000: version },
  is_active: true,
  remembered_text: null,
  first_seen_at: '2026-07-01T00:00:00.000Z',
  last_changed_at: '2026-07-01T00:00:00.000Z',
});

/** Asks for the plans of one TDSP, and every second time of its neighbour as well. */
export function pageReader(tdsps: readonly string[]) {
  const catalogs = new WeakMap<PlanSetCache, Catalog>();
  let reads = 0;
  return async (duns: string, planSets: PlanSetCache, now: () => number): Promise<CachedSet | null> => {
    const catalog = catalogs.get(planSets) ?? new Catalog({ planSets, staleAfterMs: STALE_AFTER_MS, now });
    catalogs.set(planSets, catalog);
    const neighbour = tdsps[(tdsps.indexOf(duns) + 1) % tdsps.length]!;
    const none = { notReady: [] };
    const both = ++reads % 2 === 0 ? await catalog.view([duns, neighbour]).catch(() => none) : none;
    const viewed = 'notReady' in both ? await catalog.view([duns]) : both;
    if ('notReady' in viewed) return null;
    const { view } = viewed;
    const { data } = JSON.parse(`{${view.page(EVERY_PLAN).json}}`) as { data: { name: string }[] };
    assert.deepEqual(
      data.map(({ name }) => name).toSorted(),
      view.sets.map(({ tdsp_duns, version }) => `${tdsp_duns} ${version}`).toSorted(),
      'the page has the plans of its versions',
    );
    const { version, as_of, age_seconds, isStale } = catalog.freshnessOf(viewed);
    assert.equal(version, view.sets.map((set) => `${set.tdsp_duns}.${set.version}`).join('+'));
    assert.equal(as_of, view.sets.map(({ observed_at }) => observed_at).toSorted()[0]);
    const ageMs = now() - Date.parse(as_of);
    assert.equal(age_seconds, Math.max(0, Math.floor(ageMs / 1_000)), 'the age is that of the oldest set');
    assert.equal(isStale, ageMs > STALE_AFTER_MS);
    const set = view.sets[0]!;
    return { set, observedAtMs: Date.parse(set.observed_at), isStale, layer: viewed.layer };
  };
}
