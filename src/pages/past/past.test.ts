import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Past } from './past.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Questions that are answered when they are told to. */
function newDesk() {
  const past = new Past({ pool: { query: async () => assert.fail('nothing is asked') } as never });
  const begun: { key: string; answer(): void; fail(): void }[] = [];
  const ask = (client: string, key: string) =>
    past.read(client, key, async () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      begun.push({ key, answer: () => resolve(key), fail: () => reject(new Error('gone')) });
      return promise;
    });
  return { ask, begun };
}

test('a client that looks at many pages of the past keeps nobody waiting for more than one of them', async () => {
  const { ask, begun } = newDesk();
  const flood = [...Array(5).keys()].map((at) => ask('flood', `page ${at}`));
  const other = ask('other', 'one page');
  for (let at = 0; at < 6; at++) {
    await settle();
    begun[at]!.answer();
  }
  assert.deepEqual(
    begun.map(({ key }) => key),
    ['page 0', 'one page', 'page 1', 'page 2', 'page 3', 'page 4'],
  );
  assert.equal(await other, 'one page');
  await Promise.all(flood);
});

test('pages beyond the turns of a client do without the past, and nobody takes PostgreSQL for away', async () => {
  const { ask, begun } = newDesk();
  const flood = [...Array(9).keys()].map((at) => ask('flood', `page ${at}`));
  const other = ask('other', 'one page');
  for (let at = 0; at < 6; at++) {
    await settle();
    begun[at]!.answer();
  }
  assert.equal(await other, 'one page');
  assert.deepEqual((await Promise.all(flood)).filter((answer) => answer === 'away').length, 4);
});

test('while PostgreSQL is away nobody waits for it again', async () => {
  const { ask, begun } = newDesk();
  const first = ask('one', 'page');
  await settle();
  begun[0]!.fail();
  assert.deepEqual([await first, await ask('other', 'page')], ['away', 'away']);
  assert.equal(begun.length, 1);
});
