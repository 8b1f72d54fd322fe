import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, trusted, webAddress } from './html.ts';

test('whatever comes from outside is text, in an element and in an attribute', () => {
  const name = `<script>alert("1")</script> & 'co'`;
  assert.equal(
    String(html`<b title="${name}">${name}</b>`),
    '<b title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;</b>',
  );
});

test('markup, lists, numbers and nothing', () => {
  const rows = ['a', '<'].map((one) => html`<li>${one}</li>`);
  assert.equal(
    String(html`<ul>${rows}</ul>${0}${null}${undefined}${false}${trusted('<hr>')}`),
    '<ul><li>a</li><li>&lt;</li></ul>0<hr>',
  );
});

test('an address that a browser cannot open as a page is null', () => {
  for (const address of ['javascript:alert(1)', 'data:text/html,x', '//x', '', 'mailto:a@b', null])
    assert.equal(webAddress(address), null, String(address));
  assert.equal(webAddress('https://example.com/a b'), 'https://example.com/a%20b');
});
