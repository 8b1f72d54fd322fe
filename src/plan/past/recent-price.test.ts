import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OfferEvent } from '../price-steps.ts';
import { recentPrice } from './recent-price.ts';

const SINCE = '2026-09-01T00:00:00.000Z';
const repriced = (at: string, from: number, to: number): OfferEvent => ({
  event: 'changed',
  at,
  changes: [{ field: 'rate_1000kwh', from, to }],
});
const rates = (cents: number | null) => ({ 500: null, 1000: cents, 2000: null });

test('a move of a cent or more is told, with the day it came', () => {
  const events = [repriced('2026-11-02T00:00:00.000Z', 13.1, 11.8)];
  assert.deepEqual(recentPrice(events, rates(11.8), SINCE), {
    moved: { from: 13.1, to: 11.8, at: '2026-11-02T00:00:00.000Z' },
    is_lowest: true,
  });
});

test('a smaller move is rounding to a shopper, and a price that never moved is not the lowest of anything', () => {
  const small = recentPrice([repriced('2026-11-02T00:00:00.000Z', 12.1, 11.8)], rates(11.8), SINCE);
  assert.deepEqual(small, { moved: null, is_lowest: true });
  assert.deepEqual(recentPrice([], rates(11.8), SINCE), { moved: null, is_lowest: false });
  assert.deepEqual(recentPrice([], rates(null), SINCE), { moved: null, is_lowest: false });
});

test('a price that was lower within the time is not the lowest', () => {
  const events = [repriced('2026-11-02T00:00:00.000Z', 10, 12), repriced('2026-10-02T00:00:00.000Z', 14, 10)];
  assert.deepEqual(recentPrice(events, rates(12), SINCE), {
    moved: { from: 10, to: 12, at: '2026-11-02T00:00:00.000Z' },
    is_lowest: false,
  });
});

test('a plan that was withdrawn and came back at its old price did not move', () => {
  const events: OfferEvent[] = [
    { event: 'relisted', at: '2026-11-02T00:00:00.000Z', changes: [] },
    { event: 'withdrawn', at: '2026-10-20T00:00:00.000Z', changes: [] },
  ];
  assert.deepEqual(recentPrice(events, rates(12), SINCE), { moved: null, is_lowest: false });
});
