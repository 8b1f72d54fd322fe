import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Cells,
  COLUMNS,
  encode,
  english,
  LPL,
  lines,
  ONCOR,
  oncor,
  parse,
  read,
  spanish,
} from '../../../test/support/sample-rows.ts';

test('TDSPs that are not ours or not asked for are counted', () => {
  const bytes = encode(lines([english({ TduCompanyName: 'Oncor NTU LLC' }), english()]).join('\n'));
  assert.deepEqual(parse(bytes, [LPL]).skipped, {
    'TDSP "Oncor NTU LLC" is none of the six': 1,
    'TDSP "ONCOR" was not asked for': 1,
  });
});

test('an id that two rows claim goes to the first; the same row twice is counted', () => {
  const twice = oncor(english(), english({ Product: 'Creek Saver 24', TermValue: '24' }));
  assert.deepEqual([twice.plans.length, twice.rejections.length], [1, 1]);
  assert.match(twice.rejections[0]!.reason, /^is also the id of "Creek Saver 12"/);
  const across = oncor(english(), spanish({ idKey: '36101', Product: 'Otro', TermValue: '6' }));
  assert.deepEqual([across.plans.length, across.rejections.length], [1, 1]);
  const repeated = read(english(), english(), english({ idKey: '' }), english({ idKey: '' }));
  assert.deepEqual([repeated.tdsps[0]?.plans.length, repeated.tdsps[0]?.rejections.length], [2, 0]);
  assert.deepEqual(repeated.skipped, { 'the same row a second time': 2 });
  const inTwoTdsps = read(english(), english({ TduCompanyName: 'LUBBOCK POWER & LIGHT' }));
  assert.deepEqual(
    inTwoTdsps.tdsps.map(({ plans }) => plans.length),
    [1, 1],
  );
});

test('a derived id survives a new price and another spelling, and tells namesakes apart', () => {
  const ids = (...rows: Cells[]) =>
    read(...rows).tdsps.flatMap(({ plans }) => plans.map((plan) => plan.external_id));
  const [id] = ids(english({ idKey: '' }));
  assert.match(id!, /^derived-[0-9a-f]{16}$/);
  assert.deepEqual(
    ids(english({ idKey: ' ', kwh1000: '0.2', CancelFee: '9', Product: 'CREEK  SAVER™ 12' })),
    [id],
  );
  assert.deepEqual(ids(english({ idKey: '' }), english({ idKey: '', kwh1000: '0.2' })), [id, `${id}-2`]);
  const others: Cells[] = [{ TermValue: '6' }, { Product: 'Other' }, { RepCompany: 'Other' }];
  for (const other of others) assert.notEqual(ids(english({ idKey: '', ...other }))[0], id);
  assert.notEqual(ids(english({ idKey: '', TduCompanyName: 'LUBBOCK POWER & LIGHT' }))[0], id);
});

const SIX_ROWS = [6, 9, 12, 18, 24, 36].map((term) =>
  english({
    idKey: `361${term}`,
    Product: `Creek Saver ${term}`,
    TermValue: `${term}`,
    kwh500: `0.1${term}`,
  }),
);
const SIX_PLANS = oncor(...SIX_ROWS).plans;
const position = fc.integer({ min: 0, max: SIX_ROWS.length - 1 });

test('whatever stands in one cell, the plans of all other rows are the same', () =>
  fc.assert(
    fc.property(
      position,
      fc.constantFrom(...COLUMNS),
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.constantFrom('', '0', '-1', '1e9', 'NaN', 'True'),
      ),
      (index, column, cell) => {
        const { plans } = oncor(...SIX_ROWS.with(index, { ...SIX_ROWS[index], [column]: cell }));
        const others = SIX_PLANS.toSpliced(index, 1);
        assert.deepEqual(
          plans.filter(({ name }) => others.some((plan) => plan.name === name)),
          others,
        );
      },
    ),
    { numRuns: 500 },
  ));

test('a row of another length is one rejection, in the TDSP it names, and no other row suffers', () =>
  fc.assert(
    fc.property(position, fc.integer({ min: -20, max: 5 }), (index, extra) => {
      fc.pre(extra !== 0);
      const csv = lines(SIX_ROWS);
      const cells = csv[index + 1]!.split(',');
      const changed = extra < 0 ? cells.slice(0, extra) : [...cells, ...Array(extra).fill('x')];
      const { plans, rejections } = parse(encode(csv.with(index + 1, changed.join(',')).join('\n')))
        .tdsps[0]!;
      assert.deepEqual(plans, SIX_PLANS.toSpliced(index, 1));
      assert.equal(rejections.length, 1);
      assert.equal(rejections[0]?.field, '(row)');
    }),
  ));

test('a row of another length that names no TDSP is counted', () => {
  const { tdsps, skipped } = parse(
    encode(lines(SIX_ROWS).toSpliced(3, 0, '"fragment of a text"').join('\n')),
  );
  assert.deepEqual(tdsps[0], { tdsp_duns: ONCOR, plans: SIX_PLANS, rejections: [] });
  assert.deepEqual(skipped, { 'a row with 1 instead of 29 cells, of no TDSP asked for': 1 });
});

const MIXED_ROWS = [
  ...SIX_ROWS,
  spanish({ TermValue: '9', Product: 'Creek Saver 9', kwh500: '0.19' }),
  english({ idKey: '', Product: 'Nights' }),
  english({ idKey: '77', kwh1000: 'x' }),
  english({ idKey: '78', TduCompanyName: 'NUECES' }),
];

test('the order of the columns makes no difference', () =>
  fc.assert(
    fc.property(fc.shuffledSubarray(COLUMNS, { minLength: COLUMNS.length }), (columns) =>
      assert.deepEqual(parse(encode(lines(MIXED_ROWS, columns).join('\n'))), read(...MIXED_ROWS)),
    ),
  ));

test('the order of the rows makes no difference but that order', () => {
  const sorted = ({ plans }: { plans: { external_id: string }[] }) =>
    plans.toSorted((a, b) => (a.external_id < b.external_id ? -1 : 1));
  fc.assert(
    fc.property(fc.shuffledSubarray(MIXED_ROWS, { minLength: MIXED_ROWS.length }), (rows) =>
      assert.deepEqual(sorted(oncor(...rows)), sorted(oncor(...MIXED_ROWS))),
    ),
  );
});

test('a file cut anywhere before its end marker is an error, never fewer plans', () => {
  const rows = [english({ SpecialTerms: 'Año\nEND OF FILE\n', Product: 'Ahorro ≥ 12' }), spanish()];
  const whole = encode(`\ufeff${lines(rows).join('\r\n')}`);
  assert.ok(parse(whole).tdsps[0]?.plans[0]?.translations.es);
  for (let length = 0; length < whole.length; length += 1)
    assert.throws(() => parse(whole.subarray(0, length)), { code: 'upstream_unreadable' }, `${length} bytes`);
});

test('without a column for the language a Spanish row is known by its words', () => {
  const columns = COLUMNS.filter((name) => name !== 'Language' && name !== 'Rating');
  const text = 'The rate is fixed for the term of your plan and includes all charges per month.';
  const texto = 'La tarifa es fija para el plazo de su plan e incluye los cargos de cada mes.';
  const rows = [english({ SpecialTerms: text }), spanish({ SpecialTerms: texto })];
  const { plans } = parse(encode(lines(rows, columns).join('\n'))).tdsps[0]!;
  assert.equal(plans.length, 1);
  assert.deepEqual([plans[0]?.special_terms, plans[0]?.translations.es?.special_terms], [text, texto]);
});
