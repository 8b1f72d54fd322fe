import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanLink } from './links.ts';

const repairs = (cases: Record<string, string>) => {
  for (const [given, expected] of Object.entries(cases)) assert.equal(cleanLink(given), expected, given);
};

test('a scheme is repaired where there is one way to read it', () =>
  repairs({
    'hhttps://bit.ly/4cJ9hJ1': 'https://bit.ly/4cJ9hJ1',
    'htps:/rep.example/efl': 'https://rep.example/efl',
    'HTTPS//rep.example/efl': 'https://rep.example/efl',
    'https:// rep.example/efl': 'https://rep.example/efl',
    'http://https://rep.example/': 'https://rep.example/',
    'http://rep.example/': 'http://rep.example/',
    'www.apge.com': 'https://www.apge.com/',
    '//rep.example/tos': 'https://rep.example/tos',
    'rep.example:8443/tos': 'https://rep.example:8443/tos',
    'httpbin.org/tos': 'https://httpbin.org/tos',
  }));

test('blanks are encoded, line breaks removed, doubled slashes kept', () =>
  repairs({
    ' https://rep.example/EFL 12 (English).pdf ': 'https://rep.example/EFL%2012%20(English).pdf',
    'https://rep.example/enroll?code=A B': 'https://rep.example/enroll?code=A%20B',
    'https://rep.example/ver\r\ny/long.pdf': 'https://rep.example/very/long.pdf',
    'https://store.example//202607/x.pdf': 'https://store.example//202607/x.pdf',
    'https://rep.example/Energía.pdf': 'https://rep.example/Energ%C3%ADa.pdf',
  }));

test('what cannot be a public web address is not a link', () => {
  for (const text of [
    '',
    '   ',
    'N/A',
    'TBD',
    'See our website',
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'https://javascript:alert(1)',
    'data:text/html,x',
    'mailto:care@rep.example',
    'ftp://rep.example/x',
    'file:///etc/passwd',
    'https://rep.example@evil.example/',
    'https://user:secret@rep.example/',
    'http://localhost/x',
    'http://127.0.0.1/x',
    'http://[::1]/x',
    null,
    undefined,
  ])
    assert.equal(cleanLink(text), null, String(text));
});

const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc
    .array(
      fc.constantFrom(
        'http',
        'https',
        'h',
        's',
        ':',
        '/',
        '//',
        ' ',
        '\n',
        'javascript',
        '@',
        'a.example',
        '?',
      ),
    )
    .map((parts) => parts.join('')),
);

test('whatever comes in, a link is http(s), has no credentials and is already clean', () =>
  fc.assert(
    fc.property(anything, (text) => {
      const link = cleanLink(text);
      if (link === null) return;
      const url = new URL(link);
      assert.match(url.protocol, /^https?:$/);
      assert.equal(url.username + url.password, '');
      assert.equal(cleanLink(link), link);
    }),
    { numRuns: 1_000 },
  ));
