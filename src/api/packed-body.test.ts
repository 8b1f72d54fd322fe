import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { compressPrefix, withTail } from './packed-body.ts';

const ascii = (constraints: fc.StringConstraints) => fc.string({ ...constraints, unit: 'grapheme-ascii' });

for (const [encoding, unpack] of [
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
] as const) {
  test(`${encoding}: any prefix followed by any tail unpacks to both`, () =>
    fc.assert(
      fc.asyncProperty(
        ascii({ maxLength: 5_000 }),
        ascii({ minLength: 1, maxLength: 300 }),
        async (prefix, tail) => {
          const packed = await compressPrefix(encoding, prefix);
          assert.equal(unpack(withTail(packed, tail)).toString('latin1'), prefix + tail);
          // The prefix is packed once, and serves many tails.
          assert.equal(unpack(withTail(packed, `${tail}!`)).toString('latin1'), `${prefix}${tail}!`);
        },
      ),
    ));

  test(`${encoding}: the longest tail fits, an empty or longer one is refused`, async () => {
    const packed = await compressPrefix(encoding, 'head');
    const longest = 'x'.repeat(65_535);
    assert.equal(unpack(withTail(packed, longest)).toString('latin1'), `head${longest}`);
    assert.throws(() => withTail(packed, ''), RangeError);
    assert.throws(() => withTail(packed, `${longest}x`), RangeError);
  });
}
