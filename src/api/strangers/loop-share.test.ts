import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopShare } from './loop-share.ts';

const THERE = { destroyed: false };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that only work moves. */
function newLoop(shareMs: number) {
  const clock = { ms: 0 };
  const done: string[] = [];
  const share = new LoopShare(shareMs, () => clock.ms);
  const work = (name: string, ms: number) => () => {
    clock.ms += ms;
    done.push(name);
  };
  return { share, done, work, clock };
}

test('work beyond the share of a turn waits for the next one, in the order in which it came', async () => {
  const { share, done, work } = newLoop(2);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) share.run(THERE, work(name, 1));
  assert.deepEqual(done, ['a', 'b']);
  await turn();
  assert.deepEqual(done, ['a', 'b', 'c', 'd']);
  // What comes now stands behind what waits.
  share.run(THERE, work('g', 1));
  assert.deepEqual(done, ['a', 'b', 'c', 'd']);
  await turn();
  await turn();
  assert.deepEqual(done, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
});

test('what takes longer than a share is done all the same, one in a turn', async () => {
  const { share, done, work } = newLoop(2);
  for (const name of ['a', 'b', 'c']) share.run(THERE, work(name, 50));
  for (const seen of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    assert.deepEqual(done, seen);
    await turn();
  }
});

test('what work does behind its first await counts', async () => {
  const { share, done, work } = newLoop(2);
  const late = (name: string) => () =>
    void Promise.resolve()
      .then(() => {})
      .then(work(name, 5));
  share.run(THERE, work('first', 2));
  for (const name of ['a', 'b', 'c']) share.run(THERE, late(name));
  assert.deepEqual(done, ['first']);
  for (const seen of [
    ['first', 'a'],
    ['first', 'a', 'b'],
    ['first', 'a', 'b', 'c'],
  ]) {
    await turn();
    assert.deepEqual(done, seen);
  }
});

test('nothing is done for a caller that has gone', async () => {
  const { share, done, work } = newLoop(1);
  share.run(THERE, work('first', 1));
  share.run({ destroyed: true }, work('gone', 1));
  share.run(THERE, work('next', 1));
  await turn();
  assert.deepEqual(done, ['first', 'next']);
});

test('a turn without work leaves nothing behind', async () => {
  const { share, done, work } = newLoop(2);
  share.run(THERE, work('a', 5));
  await turn();
  share.run(THERE, work('b', 5));
  assert.deepEqual(done, ['a', 'b']);
});
