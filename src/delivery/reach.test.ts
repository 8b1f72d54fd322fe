import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { reach } from './reach.ts';

const seen: string[] = [];
const server = createServer((request, response) => {
  const { method, url } = request;
  seen.push(`${method} ${url}`);
  if (url === '/moved') response.writeHead(302, { location: '/efl.pdf' }).end();
  else if (url === '/inside') response.writeHead(302, { location: 'http://inside.example/' }).end();
  else if (url === '/file') response.writeHead(301, { location: 'file:///etc/passwd' }).end();
  else if (url === '/loop') response.writeHead(302, { location: '/loop' }).end();
  else if (url === '/no-head' && method === 'HEAD') response.writeHead(405).end();
  else if (url === '/gone') response.writeHead(404).end();
  else if (url === '/cut') response.destroy();
  else {
    response.writeHead(200, { 'content-type': 'application/pdf; charset=x' });
    // It never ends: who reads it waits for ever.
    if (method === 'GET') response.write('%PDF');
    else response.end();
  }
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
test.after(() => {
  server.closeAllConnections();
  server.close();
});
const { port } = server.address() as AddressInfo;
const at = (path: string) => `http://labels.example:${port}${path}`;
const addressOf = async ({ hostname }: URL) => {
  if (hostname !== 'labels.example') throw new Error('judged as internal');
  return { address: '127.0.0.1', family: 4 };
};

test('the head of an answer is enough, by GET where HEAD is not known, through redirects that are judged, too', async () => {
  const pdf = { status: 200, content_type: 'application/pdf' };
  assert.deepEqual(await reach(at('/efl.pdf'), addressOf), pdf);
  assert.deepEqual(seen.splice(0), ['HEAD /efl.pdf']);
  assert.deepEqual(await reach(at('/no-head'), addressOf), pdf);
  assert.deepEqual(seen.splice(0), ['HEAD /no-head', 'GET /no-head']);
  assert.deepEqual(await reach(at('/moved'), addressOf), pdf);
  assert.equal((await reach(at('/gone'), addressOf)).status, 404);
  await assert.rejects(reach(at('/inside'), addressOf), /judged as internal/);
  await assert.rejects(reach(at('/loop'), addressOf), /redirects more than 3 times/);
  await assert.rejects(reach(at('/cut'), addressOf), /labels\.example:\d+ does not answer: /);
});

test('a link that leads inside is refused before any call', async () => {
  seen.length = 0;
  for (const [link, why] of [
    [`http://127.0.0.1:${port}/`, /is internal/],
    ['http://[::1]/', /is internal/],
    ['https://user:secret@example.com/', /expected a web address/],
    ['file:///etc/passwd', /expected a web address/],
  ] as const) {
    await assert.rejects(reach(link), why, link);
  }
  await assert.rejects(
    reach(at('/file'), (url) =>
      url.protocol === 'http:' ? addressOf(url) : Promise.reject(new Error('no web')),
    ),
    /no web/,
  );
  assert.deepEqual(seen, ['HEAD /file']);
});
