import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assign } from './assign.ts';

/** The least sum of all ways to pair as many as can be paired. */
function leastSum(cost: number[][], used: readonly number[] = [], spare = 0): number {
  const [row, ...rest] = cost;
  if (!row) return 0;
  const taken = row.flatMap((one, at) =>
    used.includes(at) ? [] : [one + leastSum(rest, [...used, at], spare)],
  );
  const leftOut = spare > 0 ? [leastSum(rest, used, spare - 1)] : [];
  return Math.min(...taken, ...leftOut);
}

const table = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([rows, columns]) => {
    const row = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: columns, maxLength: columns });
    return fc.array(row, { minLength: rows, maxLength: rows });
  });

test('as many as can be are paired, none twice, and no other pairing costs less', () =>
  fc.assert(
    fc.property(table, (cost) => {
      const columns = cost[0]!.length;
      const columnOf = assign(cost);
      const paired = columnOf.filter((column) => column >= 0);
      assert.equal(columnOf.length, cost.length);
      assert.equal(paired.length, Math.min(cost.length, columns));
      assert.equal(new Set(paired).size, paired.length);
      const sum = columnOf.reduce((total, column, row) => total + (column < 0 ? 0 : cost[row]![column]!), 0);
      assert.equal(sum, leastSum(cost, [], Math.max(0, cost.length - columns)));
    }),
    { numRuns: 500 },
  ));

test('nothing is paired with nothing', () => {
  assert.deepEqual(assign([]), []);
  assert.deepEqual(assign([[], []]), [-1, -1]);
});
