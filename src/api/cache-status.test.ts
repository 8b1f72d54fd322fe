/** Our `Cache-Status`, read as RFC 9651 says structured fields are read, says what is true. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { PlanSetCache, type RefreshOutcome } from '../cache/plan-set-cache.ts';
import { Catalog } from '../catalog/catalog.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { EDITION } from './edition.ts';
import { type ApiParts, freshnessHeaders, freshnessTag } from './routes.ts';

type Bare = number | boolean | string | { token: string };
interface Item {
  value: Bare;
  parameters: Map<string, Bare>;
}

/** A list of items with parameters (RFC 9651, 4.2.1, without inner lists, decimals, byte sequences and dates). */
function parseList(field: string): Item[] {
  let rest = field;
  const take = (pattern: RegExp): string | null => {
    const [found] = pattern.exec(rest) ?? [];
    if (found !== undefined) rest = rest.slice(found.length);
    return found ?? null;
  };
  const expect = (pattern: RegExp): string => {
    const found = take(pattern);
    assert.notEqual(found, null, `${pattern} expected at "${rest}" in ${field}`);
    return found!;
  };
  const bare = (): Bare => {
    if (rest.startsWith('"')) {
      return expect(/^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/)
        .slice(1, -1)
        .replace(/\\(.)/g, '$1');
    }
    if (rest.startsWith('?')) return expect(/^\?[01]/) === '?1';
    if (/^-?\d/.test(rest)) return Number(expect(/^-?\d{1,15}(?![\d.])/));
    return { token: expect(/^[A-Za-z*][!#$%&'*+\-.^_`|~\w:/]*/) };
  };
  const items: Item[] = [];
  do {
    take(/^[ \t]*/);
    const item: Item = { value: bare(), parameters: new Map() };
    while (take(/^;/)) {
      take(/^ */);
      const key = expect(/^[a-z*][a-z0-9_\-.*]*/);
      item.parameters.set(key, take(/^=/) ? bare() : true);
    }
    items.push(item);
    take(/^[ \t]*/);
  } while (take(/^,/));
  assert.equal(rest, '', `left over in ${field}`);
  return items;
}

const ONCOR = '1039940674000';
const NOW_MS = Date.parse('2026-08-01T12:00:00.000Z');

const states = fc.record({
  layer: fc.constantFrom('memory', 'redis', 'database', 'active', 'api'),
  ageMs: fc.oneof(fc.integer({ min: -5_000, max: 10_000_000 }), fc.integer({ min: 0, max: 5e9 })),
  staleAfterMs: fc.integer({ min: 1_000, max: 20_000_000 }),
  outcome: fc.constantFrom<RefreshOutcome | 'pending' | 'nobody' | 'throws'>(
    ...(['refreshed', 'failed', 'elsewhere', 'later', 'stopped', 'pending', 'nobody', 'throws'] as const),
  ),
});

const REASONS = {
  refreshed: 'refreshing',
  elsewhere: 'refreshing',
  pending: 'refreshing',
  nobody: 'not refreshed',
  stopped: 'not refreshed',
  failed: 'refresh failed',
  later: 'refresh failed',
  throws: 'refresh failed',
} as const;

async function headersIn({
  layer,
  ageMs,
  staleAfterMs,
  outcome,
}: typeof states extends fc.Arbitrary<infer T> ? T : never) {
  const observed_at = new Date(NOW_MS - ageMs).toISOString();
  const set: PlanSet = { tdsp_duns: ONCOR, version: 3, source: 'sandbox', observed_at, plans: [] };
  let isStored = layer !== 'api';
  const behind = layer === 'redis' || layer === 'database' ? layer : 'active';
  const planSets = new PlanSetCache({
    layers: [{ name: behind, read: async () => (isStored ? set : null) }],
    loadColdly: async () => (isStored = true),
    onStale: () => {
      if (outcome === 'nobody') return undefined;
      if (outcome === 'pending') return new Promise(() => {});
      return outcome === 'throws' ? Promise.reject(new Error('gone')) : Promise.resolve(outcome);
    },
    staleAfterMs,
    now: () => NOW_MS,
  });
  const catalog = new Catalog({ planSets, staleAfterMs, now: () => NOW_MS });
  let viewed = await catalog.view([ONCOR]);
  // The first read from memory finds it stale and has it refreshed.
  catalog.viewInMemory([ONCOR]);
  await setImmediate();
  if (layer === 'memory') viewed = await catalog.view([ONCOR]);
  assert.ok('view' in viewed);
  const freshness = catalog.freshnessOf(viewed);
  const parts = { syncIntervalMs: 3_600_000, staleAfterMs } as ApiParts;
  return { freshness, headers: freshnessHeaders(parts, freshness, freshnessTag(freshness)) };
}

test('Cache-Status names layer, rest of freshness and reason, and agrees with Age and with the body', () =>
  fc.assert(
    fc.asyncProperty(states, async (state) => {
      const { headers, freshness } = await headersIn(state);
      const [item, ...others] = parseList(headers['cache-status']!);
      assert.deepEqual(others, []);
      assert.deepEqual(item!.value, { token: 'wattsync' });
      const { ttl, detail, ...verdict } = Object.fromEntries(item!.parameters);
      assert.deepEqual(
        verdict,
        state.layer === 'api' ? { fwd: { token: 'miss' }, stored: true } : { hit: true },
      );
      const ageMs = Math.max(0, state.ageMs);
      const isStale = ageMs > state.staleAfterMs;
      assert.equal(freshness.isStale, isStale);
      assert.equal(Number(ttl) < 0, isStale, 'a ttl below 0 means stale, and nothing else does');
      assert.ok(Math.abs(Number(ttl) * 1000 - (state.staleAfterMs - ageMs)) < 1_000);
      assert.equal(headers.age, String(Math.floor(ageMs / 1000)));
      assert.equal(headers.age, String(freshness.age_seconds));
      assert.deepEqual(
        detail,
        isStale ? `${state.layer}, stale: ${REASONS[state.outcome]}` : { token: state.layer },
      );
      assert.match(
        headers.etag!,
        isStale ? /^W\/"[\x21\x23-\x7e]+-stale"$/ : new RegExp(`^W/"${EDITION}\\.1039940674000\\.3"$`),
      );
    }),
    { numRuns: 500 },
  ));
