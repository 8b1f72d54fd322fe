import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { describeError } from '../../src/errors.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { expectSuccess, getAnswer } from '../../src/sources/http.ts';
import { createTestDatabase, ONCOR, syncAll, testGate, wattsync } from '../support/support.ts';

const { url: DATABASE_URL, database } = await createTestDatabase();

/** An upstream of a hostile mind: `answer` says what it does with a path. */
async function upstream(t: TestContext, answer: (path: string) => [number, Record<string, string>, string]) {
  const asked: { path: string; key: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url!, key: request.headers['x-api-key'] as string | undefined });
    const [status, headers, body] = answer(request.url!);
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, asked };
}

test('each hop of a redirect is a call that is counted, and another host gets no key and is not quoted', async (t) => {
  const there = await upstream(t, () => [500, {}, 'the secrets of another host']);
  const here = await upstream(t, (path) =>
    path.startsWith('/api')
      ? [302, { location: '/second' }, '']
      : [302, { location: `${there.url}/third` }, ''],
  );
  const config = readConfig({ COMPAREPOWER_API_URL: here.url, COMPAREPOWER_API_KEY: 'key-of-ours' });
  const source = new ComparePowerSource(
    { url: here.url, apiKey: config.comparepower.apiKey, apiKeyHeader: 'X-API-Key' },
    testGate(database, { attempts: 1 }),
  );
  const { errors } = await syncAll(database, source, { tdsps: [ONCOR] });
  assert.match(errors[0]!.message, /answered 500/);
  assert.doesNotMatch(JSON.stringify(errors), /secrets of another host/);
  assert.deepEqual(
    [...here.asked, ...there.asked].map(({ key }) => key),
    ['key-of-ours', 'key-of-ours', undefined],
  );
  const { rows } = await database.pool.query('select status from api_calls order by id');
  assert.deepEqual(
    rows.map(({ status }) => status),
    [302, 302, 500],
  );
});

test('a redirect does not lead into the network the program runs in', async (t) => {
  const signal = AbortSignal.timeout(5_000);
  for (const address of [
    'http://169.254.169.254/latest/meta-data',
    'http://127.0.0.1:6379/',
    'http://[::1]/',
    'http://10.1.2.3/',
    'http://[::ffff:10.1.2.3]/',
    'http://[64:ff9b::a01:203]/',
    'file:///etc/passwd',
  ]) {
    const asked: string[] = [];
    t.mock.method(globalThis, 'fetch', async (to: URL) => {
      asked.push(String(to));
      return new Response(null, { status: 302, headers: { location: address } });
    });
    await assert.rejects(getAnswer('http://93.184.216.34/plans', {}, signal), {
      code: 'upstream_rejected',
      message: /redirects to (?:a private address|an address that is not http)/,
    });
    assert.deepEqual(asked, ['http://93.184.216.34/plans']);
    t.mock.restoreAll();
  }
});

test('a name that means another address once the redirect was judged is not connected to', async (t) => {
  const inside = await upstream(t, () => [200, {}, '[]']);
  const to = new URL(inside.url.replace('127.0.0.1', 'localhost'));
  const moved = { to, isElsewhere: true };
  const signal = AbortSignal.timeout(5_000);
  await assert.rejects(getAnswer('http://93.184.216.34/plans', {}, signal, moved), {
    code: 'upstream_unreachable',
    message: /localhost is a private address now/,
  });
  assert.deepEqual(inside.asked, []);
  // Where the configured address is in this network itself, so may be the other.
  assert.equal((await getAnswer('http://127.0.0.1:9/plans', {}, signal, moved)).status, 200);
});

test('what an upstream says cannot steer a terminal', () => {
  const body = Buffer.from('\u001b[2J\u001b]0;owned\u0007 no \u202eplans\r\n here');
  assert.throws(
    () => expectSuccess({ status: 500, headers: new Headers(), body }, 'host', new Date()),
    (error: Error) => {
      assert.doesNotMatch(error.message, /[\p{Cc}\u202e]/u);
      assert.match(error.message, /no plans here/);
      return true;
    },
  );
});

test('what anybody stored cannot steer the terminal it is printed to, nor in JSON', async () => {
  const statement = `select e'\\x1b]0;owned\\x07a\\u202eb\\u0085c' as odd, 'line' as plain`;
  const shown = await wattsync(['db', 'sql', statement], { DATABASE_URL });
  assert.match(shown.stdout, /\]0;ownedabc +line/);
  assert.doesNotMatch(shown.stdout.replaceAll('\n', ''), /[\p{Cc}\u202e]/u);
  const { stdout } = await wattsync(['db', 'sql', statement, '--json'], { DATABASE_URL });
  assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\u202e]/u);
  assert.equal(JSON.parse(stdout).rows[0].odd, '\u001b]0;owned\u0007a\u202eb\u0085c');
});

test('addresses and keys that would leak or break a call are refused at start by name, and never shown', async () => {
  for (const [name, value] of [
    ['COMPAREPOWER_API_URL', 'https://user:hunter22@pricing.example'],
    ['COMPAREPOWER_API_URL', 'https://pricing.example/?key=hunter22'],
    ['COMPAREPOWER_API_URL', 'https://pricing.example/#hunter22'],
    ['COMPAREPOWER_API_KEY', 'hunter22\r\nX-Other: 1'],
    ['POWERTOCHOOSE_CSV', 'https://user:hunter22@state.example/export'],
  ] as const) {
    const { code, stderr } = await wattsync(['sync', 'status'], { [name]: value });
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`${name}: expected `));
    assert.doesNotMatch(stderr, /hunter22/);
  }
});

test('a secret that a server repeats is not in the text of an error', () => {
  readConfig({
    COMPAREPOWER_API_URL: 'https://pricing.example',
    COMPAREPOWER_API_KEY: 'key-12345678',
    COMPAREPOWER_HEADERS:
      '{"Authorization":"Bearer of-headers-1","Cookie":"session=of-cookie-2","Origin":"https://ours.example"}',
    DATABASE_URL: 'postgres://me:pass%2Fw0rd@db.example/x',
  });
  const said = describeError(
    new Error('no entry for key-12345678', { cause: new Error('password pass/w0rd') }),
  );
  assert.equal(said, 'no entry for *** (password ***)');
  assert.equal(
    describeError(new Error('of-headers-1, session=of-cookie-2, of-cookie-2 from https://ours.example')),
    '***, ***, *** from https://ours.example',
  );
});

test('a device without end in place of the export ends with a sentence', async () => {
  const { code, stdout } = await wattsync(['sync', 'full', '--json'], {
    DATABASE_URL,
    PLAN_SOURCE: 'powertochoose',
    POWERTOCHOOSE_CSV: '/dev/zero',
  });
  assert.equal(code, 1);
  assert.match(stdout, /POWERTOCHOOSE_CSV cannot be read: \/dev\/zero \(it is a device, not a file\)/);
});
