import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNKNOWN } from '../fields.ts';
import type { Plan } from '../plan.ts';
import { distinctLinks, type Look, remarksOnLink, sampleByHost } from './reachable.ts';

const plan = (id: string, efl: string | null, enroll_url: string | null = null) =>
  ({ ...UNKNOWN, id, documents: { efl, tos: null, yrac: null }, enroll_url }) as unknown as Plan;

test('links that differ behind the path only are one', () => {
  const plans = [
    plan('a', 'https://a.example/efl.pdf?x=1', 'https://a.example/enroll?plan=1'),
    plan('b', 'https://a.example/efl.pdf?x=2', 'https://a.example/enroll?plan=2'),
    plan('c', 'https://a.example/efl-2.pdf'),
    plan('d', null),
  ];
  const found = [...distinctLinks(plans).values()];
  assert.deepEqual(
    found.map(({ link, uses }) => [link, uses.map(({ plan, of }) => `${plan.id} ${of}`)]),
    [
      ['https://a.example/efl.pdf?x=1', ['a efl', 'b efl']],
      ['https://a.example/enroll?plan=1', ['a enroll', 'b enroll']],
      ['https://a.example/efl-2.pdf', ['c efl']],
    ],
  );
});

test('a sample takes from every host before it takes a second link from one', () => {
  const links = ['a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'c/2'].map(
    (path) => `https://${path.replace('/', '.example/')}`,
  );
  const taken = (most: number) => [...sampleByHost(links, most).values()].map((of) => of.length);
  assert.deepEqual(taken(2), [1, 1]);
  assert.deepEqual(taken(4), [2, 1, 1]);
  assert.deepEqual(taken(99), [3, 1, 2]);
  assert.deepEqual(taken(0), []);
});

test('what is not reached is remarked, and a paper of another kind; who turns programs away is not', () => {
  const uses = [{ plan: plan('a', 'https://a.example/efl.pdf'), of: 'efl' }];
  const messages = (look: Partial<Look>, of = uses) => {
    const whole: Look = { outcome: 'reached', status: 200, content_type: null, message: null, ...look };
    return remarksOnLink('https://a.example/efl.pdf', of, whole).map(({ message }) => message);
  };
  assert.deepEqual(messages({}), []);
  for (const content_type of ['application/pdf', 'text/html', 'application/octet-stream'])
    assert.deepEqual(messages({ content_type }), []);
  assert.deepEqual(messages({ content_type: 'image/png' }), [
    'The link efl is image/png, where a PDF or a page belongs',
  ]);
  assert.deepEqual(messages({ content_type: 'image/png' }, [{ ...uses[0]!, of: 'enroll' }]), []);
  assert.deepEqual(messages({ outcome: 'unreachable', status: 404, message: 'is answered with 404' }), [
    'The link efl is answered with 404',
  ]);
  assert.deepEqual(messages({ outcome: 'refused', status: 403, message: 'is answered with 403' }), []);
});
