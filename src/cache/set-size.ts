import type { PlanSet } from '../plan/plan-set.ts';

/** An object takes about twice the bytes of its JSON, and packed plans twice their own once all of them were shown. */
const TIMES_ITS_TEXT = 2;

/** A set is written as JSON once to see how long it is, and not every few seconds. */
const texts = new WeakMap<readonly unknown[], number>();

/** About how much memory a set takes, in bytes. */
export function bytesOf(set: PlanSet): number {
  let text = set.packed?.bytes.byteLength ?? texts.get(set.plans);
  if (text === undefined) {
    text = JSON.stringify(set).length;
    texts.set(set.plans, text);
  }
  return text * TIMES_ITS_TEXT + (set.encoded?.byteLength ?? 0);
}
