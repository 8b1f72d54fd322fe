import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRecords, toFetched } from './read-answer.ts';

const ONCOR = '1039940674000';
type Wire = Record<string, unknown>;

const component = (changes: Wire = {}): Wire => ({
  min: 0,
  max: 999999,
  amount: 0.1,
  multiplicative: true,
  compound: false,
  tdsp_charge: false,
  percentage: 0,
  ...changes,
});
const product = (changes: Wire = {}): Wire => ({
  name: 'Pecan 12',
  term: 12,
  brand: { name: 'Pecan Creek' },
  ...changes,
});
const plan = (changes: Wire = {}): Wire => ({
  _id: '68b5a47c206770f7c5600001',
  key: 'pecan-12',
  product: product(),
  tdsp: { duns_number: ONCOR },
  display_pricing_1000: { usage: 1000, avg: 0.1544, total: 154.4 },
  document_links: [],
  components: [component()],
  ...changes,
});
/** Through bytes, as it comes: what a literal in a program means is not what JSON means. */
const read = (...records: unknown[]) =>
  toFetched(readRecords(Buffer.from(JSON.stringify(records)), 'a test'), ONCOR, 'comparepower');
const only = (record: unknown) => {
  const { plans, rejections } = read(record).tdsps[0]!;
  assert.deepEqual(rejections, []);
  return plans[0]!;
};

test('papers are found under either name, in any case, and as a copy where the original is not told', () => {
  const { documents } = only(
    plan({
      document_links: [
        { type: 'EFL', snapshot_url: 'https://docs.example.com/efl.pdf' },
        {
          type: 'tos',
          language: 'en',
          link: 'https://a.example.com/tos.pdf',
          snapshot_url: 'https://docs.example.com/tos',
        },
        { type: 'YRAAC', link: '', snapshot_url: 'https://docs.example.com/yraac.pdf' },
      ],
    }),
  );
  assert.deepEqual(documents, {
    efl: 'https://docs.example.com/efl.pdf',
    tos: 'https://a.example.com/tos.pdf',
    yrac: 'https://docs.example.com/yraac.pdf',
  });
  const links = [{ type: 'yrac', language: 'en', link: 'https://a.example.com/yrac.pdf' }];
  assert.equal(only(plan({ document_links: links })).documents.yrac, 'https://a.example.com/yrac.pdf');
});

test('a percentage is a flag in words or numbers; another number is not understood, and there are no components', () => {
  for (const [percentage, is_percentage] of [
    [0, false],
    [false, false],
    [undefined, false],
    [null, false],
    [1, true],
    [true, true],
  ]) {
    const components = [component({ percentage })];
    assert.equal(only(plan({ components })).price_components?.[0]?.is_percentage, is_percentage);
  }
  assert.equal(only(plan({ components: [component({ percentage: 0.05 })] })).price_components, null);
});

test('the bounds of usage bands stay as they were told', () => {
  const components = [component({ max: 2000 }), component({ min: 2001, amount: 0.08 })];
  assert.deepEqual(
    only(plan({ components })).price_components?.map(({ min_kwh, max_kwh }) => [min_kwh, max_kwh]),
    [
      [0, 2000],
      [2001, 999999],
    ],
  );
});

const rejected: [name: string, record: string, field: string, value: unknown, reason: RegExp][] = [
  [
    'a term as text',
    JSON.stringify(plan({ product: product({ term: '12' }) })),
    'product.term',
    '12',
    /number/,
  ],
  [
    'a price as text',
    JSON.stringify(plan({ display_pricing_1000: { avg: '0.15' } })),
    'display_pricing_1000.avg',
    '0.15',
    /number/,
  ],
  [
    'an amount as text',
    JSON.stringify(plan({ components: [component(), component({ amount: '0.1' })] })),
    'components.1.amount',
    '0.1',
    /is text/,
  ],
  ['a NUL', JSON.stringify(plan({ product: product({ name: 'a\0b' }) })), 'product.name', 'a\ufffdb', /NUL/],
  ['a NUL in the id', JSON.stringify(plan({ _id: 'a\0b' })), '_id', 'a\ufffdb', /NUL/],
  [
    'a long name',
    JSON.stringify(plan({ product: product({ name: 'x'.repeat(200_000) }) })),
    'product.name',
    `${'x'.repeat(2_000)}…`,
    /200000 characters/,
  ],
  [
    'a name too long for an index',
    JSON.stringify(plan({ product: product({ name: 'x'.repeat(3_000) }) })),
    'product.name',
    `${'x'.repeat(2_000)}…`,
    /3000 characters/,
  ],
  ['a hostile key', '{"__proto__":{"_id":"x"}}', '__proto__', { _id: 'x' }, /no field may have/],
  ['a NUL in a key', '{"a\\u0000b":1}', 'a\ufffdb', 1, /NUL/],
  ['a deep record', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 'a', undefined, /nested/],
];

test('one odd record is one rejection that can be stored, and its neighbours are plans', () => {
  for (const [name, record, field, value, reason] of rejected) {
    const good = [plan(), plan({ _id: 'other' })].map((one) => JSON.stringify(one));
    const body = Buffer.from(`[${good[0]},${record},${good[1]}]`);
    const { tdsps, schema_drift } = toFetched(readRecords(body, 'a test'), ONCOR, 'comparepower');
    const { plans, rejections } = tdsps[0]!;
    assert.deepEqual([plans.length, rejections.length], [2, 1], name);
    assert.match(rejections[0]!.reason, reason, name);
    assert.ok(rejections[0]!.field.startsWith(field), name);
    if (value !== undefined) assert.deepEqual(rejections[0]!.value, value, name);
    const stored = JSON.stringify([rejections, schema_drift]);
    assert.ok(stored.length < 20_000 && !stored.includes('\\u0000'), name);
  }
});

test('a sentence that says there are none is an empty list, any other is a failure', () => {
  const answer = (body: unknown) => readRecords(Buffer.from(JSON.stringify(body)), 'a test');
  for (const message of ['No plans found', 'There are no current plans for this TDSP', 'Plans not found']) {
    assert.deepEqual(answer({ message }), []);
  }
  for (const message of [
    'Invalid API key',
    'No results: rate limit exceeded',
    'Internal error',
    'No route matched',
  ]) {
    assert.throws(() => answer({ message }), { code: 'upstream_unreadable' }, message);
  }
});

test('a family is a rate type in the sandbox only', () => {
  const records = [
    plan({ product: product({ family: 'Variable' }) }),
    plan({ _id: 'x', product: product({ family: 7 }) }),
  ];
  const types = (source: 'sandbox' | 'comparepower') =>
    toFetched(records, ONCOR, source).tdsps[0]!.plans.map(({ rate_type }) => rate_type);
  assert.deepEqual(
    [types('sandbox'), types('comparepower')],
    [
      ['variable', null],
      [null, null],
    ],
  );
});
