/** Processes that send are killed at random: nothing is lost, nothing is out of order, and what comes twice is the same. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDrafts, repriced, seeded } from '../../bench/drafts.ts';
import { readLogEnds } from '../../src/store/events/event-log.ts';
import { readWebhooks } from '../../src/store/events/webhooks.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { createTestDatabase, ONCOR, until } from '../support/support.ts';
import { heardBy, insertReceivers, kill, startTelling } from '../support/tell.ts';

const { database, url } = await createTestDatabase();
const { pool } = database;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const EVENTS = 300;
const KILLS = 3;
const SENDERS = 2;

let clock = Date.now() - 86_400_000;
let round = 0;
const plans = makeDrafts(ONCOR, 60, 5);
async function put() {
  clock += 60_000;
  const now = new Date(clock);
  const told = {
    tdsp_duns: ONCOR,
    source: 'sandbox',
    origin: 'test',
    plans: ++round % 2 === 0 ? plans : repriced(plans, 3),
    rejected: [],
    observed_at: now,
    run_id: 1,
  };
  await publish(database, told, { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' });
}

test('events go to six receivers while the processes that send are killed', async () => {
  await put();
  const begin = (await readLogEnds(pool)).last;
  const { child: receiver, said } = await startTelling<{ port: number }>({ kind: 'receive' });
  await insertReceivers(pool, NAMES, said.port);
  const job = { kind: 'send', databaseUrl: url, holdMs: 2_000 } as const;
  const senders = await Promise.all(Array.from({ length: SENDERS }, () => startTelling(job)));
  const random = seeded(17);
  let kills = 0;
  try {
    for (let end = begin; end - begin < EVENTS; end = (await readLogEnds(pool)).last) {
      await put();
      const isTime = end - begin > ((kills + 1) * EVENTS) / (KILLS + 1);
      if (!isTime || kills >= KILLS) continue;
      // In the middle of what it does.
      await new Promise((resolve) => setTimeout(resolve, random() * 60));
      const at = Math.floor(random() * SENDERS);
      await kill(senders[at]!.child);
      senders[at] = await startTelling(job);
      kills++;
    }
    const { last } = await readLogEnds(pool);
    await until(async () => (await readWebhooks(pool)).every(({ seq }) => seq === last), 60_000);
    assert.equal(kills, KILLS);
    const heard = await heardBy(receiver);
    for (const name of NAMES) {
      const own = heard.filter((one) => one.name === name);
      const firsts = [...new Set(own.map(({ seq }) => seq))];
      assert.deepEqual(
        firsts,
        Array.from({ length: last - begin }, (_, at) => begin + 1 + at),
        `${name}: lost or out of order`,
      );
      for (const seq of firsts) {
        const tries = own.filter((one) => one.seq === seq);
        assert.equal(new Set(tries.map(({ length }) => length)).size, 1, `${name} ${seq}: another text`);
      }
      assert.ok(own.length - firsts.length <= KILLS * 2, `${name}: ${own.length - firsts.length} came twice`);
    }
  } finally {
    await Promise.all([receiver, ...senders.map(({ child }) => child)].map(kill));
  }
});
