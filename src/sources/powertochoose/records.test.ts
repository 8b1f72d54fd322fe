import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRecords } from './records.ts';

const WIDTH = 5;
const text = fc
  .array(fc.constantFrom('a', ' ', '"', ',', 'é', '\n', ';'), { maxLength: 12 })
  .map((parts) => parts.join(''));
const record = fc.array(text, { minLength: WIDTH, maxLength: WIDTH });
const encode = (cells: string[]) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
const read = (content: string) => [...readRecords(content.split('\n'), 0, WIDTH)];

test('what is quoted by the book is read by the book', () =>
  fc.assert(
    fc.property(
      fc.array(
        text.map((cell) => cell.replaceAll('\n', ' ')),
        { minLength: WIDTH, maxLength: WIDTH },
      ),
      (cells) => assert.deepEqual(read(encode(cells))[0]?.cells, cells),
    ),
  ));

test('whatever a record holds, its neighbours are read and nothing is read twice', () =>
  fc.assert(
    fc.property(record, (cells) => {
      const neighbour = (name: string) => encode([name, 'x', 'y, z', '', '1']);
      const bare = cells.map((cell) => `"${cell}"`).join(',');
      const records = read([neighbour('first'), bare, neighbour('last')].join('\n'));
      const sound = records.filter(({ isSound }) => isSound).map((one) => one.cells[0]);
      assert.deepEqual([sound[0], sound.at(-1)], ['first', 'last']);
      assert.ok(sound.length <= 3 || cells.some((cell) => cell.includes('\n')));
    }),
  ));

test('a file full of open quotes is read in a moment', () => {
  const started = performance.now();
  assert.equal(read('"open\n'.repeat(50_000)).length, 50_000);
  assert.ok(performance.now() - started < 5_000);
});
