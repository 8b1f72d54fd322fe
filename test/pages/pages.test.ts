/** The pages over a small market: what is sent, how, and what it costs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '../../src/html/html.ts';
import { sorryPage } from '../../src/pages/error-page.ts';
import type { Ask } from '../../src/pages/page-parts.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase } from '../support/support.ts';

const { database } = await createTestDatabase();
const { app, unexpected } = openApi(database);
const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { accept: 'text/html', ...headers } });

test('every page is in both languages, says so, and allows nothing from elsewhere', async () => {
  const [english, spanish] = await Promise.all([get('/'), get('/es')]);
  assert.equal(english.statusCode, 200);
  assert.match(english.body, /<html lang="en">/);
  assert.match(english.body, /<a href="\/es" lang="es"/);
  assert.match(spanish.body, /<html lang="es">/);
  assert.match(spanish.body, /<a href="\/" lang="en"/);
  const policy = String(english.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; style-src 'sha256-/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.equal(english.headers['referrer-policy'], 'strict-origin-when-cross-origin');
  assert.deepEqual(unexpected, []);
});

test('a page that somebody holds is not sent again', async () => {
  const { headers } = await get('/');
  const again = await get('/', { 'if-none-match': String(headers.etag) });
  assert.equal(again.statusCode, 304);
  assert.equal(again.body, '');
});

test('what is not there is told to people as a page, and to programs as a problem', async () => {
  const page = await get('/nothing/here');
  assert.equal(page.statusCode, 404);
  assert.match(page.body, /This page does not exist/);
  assert.match((await get('/es/nada')).body, /Esta página no existe/);
  const problem = await get('/nothing/here', { accept: 'application/json' });
  assert.equal(problem.json().code, 'not_found');
});

test('the script of a page is kept for good', async () => {
  const { body } = await get('/');
  const script = await get(/src="(\/assets\/site-\w+\.js)"/.exec(body)![1]!);
  assert.equal(script.statusCode, 200);
  assert.match(String(script.headers['cache-control']), /immutable/);
});

test('a page that says sorry keeps its status, and text stays text', () => {
  const ask = { language: 'en', path: '/plans/x', query: new URLSearchParams() } as Ask;
  const { status, html: markup } = sorryPage(ask, 410, 'Gone <b>', html`<p>It was replaced.</p>`);
  assert.equal(status, 410);
  assert.match(String(markup), /<h1>Gone &lt;b&gt;<\/h1><p>It was replaced\.<\/p>/);
});
