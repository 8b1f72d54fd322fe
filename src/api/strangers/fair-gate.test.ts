import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Problem } from '../problem.ts';
import { FairGate } from './fair-gate.ts';

const LIMITS = { atOnce: 2, atOncePerClient: 1, waiting: 40, waitingPerClient: 30 };

/** Work that ends when it is told to. */
function newDesk(gate: FairGate) {
  const begun: { client: string; end(): void }[] = [];
  const ask = (client: string) =>
    gate.run(client, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      begun.push({ client, end: resolve });
      return promise;
    });
  return { begun, ask };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a client with one question waits behind one question of another, not behind all of them', async () => {
  const { begun, ask } = newDesk(new FairGate(LIMITS));
  const all = [...Array(20).keys()].map(() => ask('flood'));
  all.push(ask('first'), ask('second'));
  await settle();
  assert.deepEqual(
    begun.map(({ client }) => client),
    ['flood', 'first'],
  );
  begun[0]!.end();
  await settle();
  assert.deepEqual(
    begun.map(({ client }) => client),
    ['flood', 'first', 'second'],
  );
  for (let at = 1; at < 22; at++) {
    begun[at]!.end();
    await settle();
  }
  await Promise.all(all);
});

test('too many of one client are its own fault, too many of all are nobody’s', async () => {
  const { begun, ask } = newDesk(new FairGate({ ...LIMITS, waiting: 3, waitingPerClient: 2 }));
  const codeOf = (asked: Promise<unknown>) =>
    asked.then(
      () => 'answered',
      (error: unknown) => (error as Problem).code,
    );
  const codes = ['a', 'a', 'a', 'a', 'b', 'b', 'c'].map((client) => codeOf(ask(client)));
  await settle();
  for (let at = 0; at < 5; at++) {
    begun[at]!.end();
    await settle();
  }
  assert.deepEqual(await Promise.all(codes), [
    'answered',
    'answered',
    'answered',
    'too_many_requests',
    'answered',
    'answered',
    'busy',
  ]);
});

test('never more at once than allowed, nobody is forgotten, whatever fails', async () => {
  const asked = fc.array(fc.record({ client: fc.constantFrom('a', 'b', 'c', 'd'), fails: fc.boolean() }), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(asked, fc.integer({ min: 1, max: 3 }), async (questions, atOnce) => {
      const gate = new FairGate({ ...LIMITS, atOnce, waiting: 100, waitingPerClient: 100 });
      const running = new Map<string, number>();
      let sum = 0;
      const ended = await Promise.allSettled(
        questions.map(({ client, fails }) =>
          gate.run(client, async () => {
            running.set(client, (running.get(client) ?? 0) + 1);
            sum += 1;
            assert.ok(sum <= atOnce && running.get(client)! <= 1);
            await settle();
            running.set(client, running.get(client)! - 1);
            sum -= 1;
            if (fails) throw new Error('failed');
          }),
        ),
      );
      assert.deepEqual(
        ended.map(({ status }) => status === 'rejected'),
        questions.map(({ fails }) => fails),
      );
    }),
    { numRuns: 50 },
  );
});
