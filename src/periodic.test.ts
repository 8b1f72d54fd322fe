import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from './periodic.ts';

test('what cannot be written is kept, and joins what was counted meanwhile', async () => {
  const written: { key: string; n: number }[][] = [];
  const failures: unknown[] = [];
  let isAway = true;
  const tally = new Tally<{ key: string; n: number }>({
    name: 'test',
    everyMs: 60_000,
    empty: (key) => ({ key, n: 0 }),
    add: (to, more) => {
      to.n += more.n;
    },
    async write(counted) {
      if (isAway) {
        // Somebody counts while it fails.
        tally.of('a').n += 10;
        throw new Error('away');
      }
      written.push(counted);
    },
    onError: (error) => failures.push(error),
  });
  await tally.flush();
  assert.deepEqual(failures, [], 'nothing was counted');
  tally.of('a').n += 1;
  tally.of('b').n += 2;
  await tally.flush();
  assert.equal(failures.length, 1);
  isAway = false;
  await tally.stop();
  await tally.stop();
  assert.deepEqual(written, [
    [
      { key: 'a', n: 11 },
      { key: 'b', n: 2 },
    ],
  ]);
});
