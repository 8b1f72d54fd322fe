import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNKNOWN } from '../../plan/fields.ts';
import type { Plan } from '../../plan/plan.ts';
import { lookAtLinks } from './look-at-links.ts';

const plan = (efl: string) => ({ ...UNKNOWN, documents: { efl, tos: null, yrac: null } }) as unknown as Plan;

test('every look is counted for what it says, and one link of a host is asked for at a time', async () => {
  const answers: Record<string, number> = { ok: 200, gone: 404, shy: 403, broken: 500 };
  const paths = [...Object.keys(answers), 'cut'];
  const plans = ['a', 'b'].flatMap((host) => paths.map((path) => plan(`https://${host}.example/${path}`)));
  const busy = new Set<string>();
  const look = async (link: string) => {
    const { host, pathname } = new URL(link);
    assert.ok(!busy.has(host), link);
    busy.add(host);
    await new Promise(setImmediate);
    busy.delete(host);
    const status = answers[pathname.slice(1)];
    if (status === undefined) throw new Error('the line was cut');
    return { status, content_type: 'text/html' };
  };
  const { counts, remarks } = await lookAtLinks(plans, 99, look);
  assert.deepEqual(counts, { distinct: 10, asked: 10, reached: 2, refused: 2, unreachable: 6 });
  assert.deepEqual(remarks.map(({ message }) => message).toSorted(), [
    ...Array(2).fill('The link efl is answered with 404'),
    ...Array(2).fill('The link efl is answered with 500'),
    ...Array(2).fill('The link efl leads nowhere: the line was cut'),
  ]);
  const { counts: few } = await lookAtLinks(plans, 3, look);
  assert.deepEqual([few.distinct, few.asked], [10, 3]);
});
