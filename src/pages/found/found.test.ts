import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pictureSvg, toPng, wrap } from './picture.ts';
import { robotsTxt, sitemapXml } from './sitemap.ts';

test('words of a picture are broken at blanks, and what does not fit ends with an ellipsis', () => {
  const lines = wrap(
    'SimpleSaver 12 costs a house $1,903 a year, and that is not all there is to say',
    62,
    2,
  );
  assert.equal(lines.length, 2);
  assert.match(lines[1]!, /…$/);
  assert.deepEqual(wrap('Short', 62, 2), ['Short']);
  assert.equal(
    wrap('x'.repeat(300), 62, 2)[0]!.endsWith('…') || wrap('x'.repeat(300), 62, 2).length <= 2,
    true,
  );
});

test('a picture is a PNG of the size that is promised, with the text drawn', async () => {
  const picture = { line: 'of <b> & co', footer: 'today', art: { kind: 'none' } as const };
  const [one, other] = await Promise.all(
    ['A plan', 'Another plan'].map((title) => toPng(pictureSvg({ ...picture, title }))),
  );
  assert.equal(one!.subarray(1, 4).toString(), 'PNG');
  assert.deepEqual([one!.readUInt32BE(16), one!.readUInt32BE(20)], [1200, 630]);
  // Without a font both would be the same empty page.
  assert.notDeepEqual(one, other);
});

test('a map of the site has each page in both languages, each naming the other', () => {
  const xml = sitemapXml('https://example.com', [
    { path: '/cities/a&b', changed_at: '2026-11-29T00:00:00.000Z' },
  ]);
  assert.equal(xml.match(/<url>/g)!.length, 2);
  assert.match(xml, /<loc>https:\/\/example\.com\/es\/cities\/a&amp;b<\/loc><lastmod>2026-11-29T/);
  assert.equal(xml.match(/hreflang="x-default"/g)!.length, 2);
  assert.match(robotsTxt('https://example.com'), /^Sitemap: https:\/\/example\.com\/sitemap\.xml$/m);
});
