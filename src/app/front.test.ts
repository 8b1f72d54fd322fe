import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { readConfig } from '../config.ts';
import { Front } from './front.ts';

const ANYWHERE = { host: '127.0.0.1', port: 0 };

test('while the program is built it is alive, and everything else is answered with "starting"', async () => {
  const front = new Front(readConfig({}));
  const url = await front.listen(ANYWHERE);
  try {
    const alive = await fetch(`${url}/healthz`);
    assert.deepEqual([alive.status, await alive.json()], [200, { status: 'alive' }]);
    const early = await fetch(`${url}/v1/plans?city=dallas-tx`);
    assert.deepEqual([early.status, early.headers.get('retry-after')], [503, '1']);
    assert.equal(((await early.json()) as { code: string }).code, 'not_ready');
    const page = await fetch(`${url}/es/cities/dallas-tx`, { headers: { accept: 'text/html' } });
    assert.deepEqual([page.status, page.headers.get('retry-after')], [503, '1']);
    assert.match(
      String(page.headers.get('content-security-policy')),
      /default-src 'none'; style-src 'sha256-/,
    );
    assert.match(await page.text(), /<html lang="es">[\s\S]*Estamos arrancando/);
    front.open((_request, response) => response.end('answered'));
    assert.equal(await (await fetch(`${url}/v1/plans`)).text(), 'answered');
  } finally {
    await front.stop();
    await front.stop();
  }
});

test('who takes it for a proxy is told that it is none', async () => {
  const front = new Front(readConfig({}));
  const { hostname, port } = new URL(await front.listen(ANYWHERE));
  try {
    const socket = connect(Number(port), hostname, () =>
      socket.write('CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n'),
    );
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 405 Method Not Allowed\r\n[\s\S]*\r\nAllow: GET, HEAD, OPTIONS\r\n/);
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]!).code, 'method_not_allowed');
  } finally {
    await front.stop();
  }
});

test('a port that is taken is told at once, before anything else is done', async () => {
  const first = new Front(readConfig({}));
  const url = await first.listen(ANYWHERE);
  try {
    const port = Number(new URL(url).port);
    await assert.rejects(new Front(readConfig({})).listen({ ...ANYWHERE, port }), {
      code: 'port_unavailable',
      message: new RegExp(`127.0.0.1:${port} is taken by another program. Choose another with PORT`),
    });
  } finally {
    await first.stop();
  }
});
