/** The pages of operations on a test's database, with an engine that obeys them. */

import { after } from 'node:test';
import compress from '@fastify/compress';
import Fastify from 'fastify';
import { ClientLimits } from '../../src/api/strangers/client-limits.ts';
import { STRANGERS } from '../../src/api/strangers/strangers.ts';
import { readConfig, Secret } from '../../src/config.ts';
import { opsRoutes } from '../../src/ops/routes.ts';
import type { PlanSource } from '../../src/sources/source.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { startReader, territory } from '../support/support.ts';

export const TOKEN = 'a-token-that-only-this-test-knows';

export async function openOps(
  database: Database,
  source: PlanSource,
  connectionString = database.connectionString,
) {
  const { engine } = await startReader(database, source);
  const app = Fastify({ logger: false, forceCloseConnections: true });
  // As the server of the program does it for everything.
  app.decorate('limits', new ClientLimits(app, STRANGERS.limits));
  app.register(compress, { threshold: 1_024, encodings: ['br', 'gzip'] });
  /** What nobody expected to go wrong. */
  const unexpected: unknown[] = [];
  const ops = opsRoutes(app, {
    config: {
      ...readConfig({ COMPAREPOWER_API_URL: 'http://upstream.test' }),
      databaseUrl: new Secret(connectionString),
    },
    territory,
    admin: {
      tokens: [{ name: 'admin', role: 'operate', token: new Secret(TOKEN) }],
      database: { ...database, connectionString },
      engine,
    },
    onError: (error) => unexpected.push(error),
  });
  await app.ready();
  after(async () => {
    await ops.stop();
    await app.close();
    await engine.stop();
  });

  const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };
  const logIn = (token = TOKEN, who = 'Ada', headers = {}) =>
    app.inject({
      method: 'POST',
      url: '/ops/login',
      headers: { ...form, ...headers },
      payload: new URLSearchParams({ who, token, next: '/ops' }).toString(),
    });
  const cookieOf = (answer: Awaited<ReturnType<typeof logIn>>) =>
    String(answer.headers['set-cookie']).split(';')[0]!;
  const get = (url: string, cookie = '') => app.inject({ url, headers: { cookie } });
  const post = (url: string, cookie: string, fields: Record<string, string>, headers = {}) =>
    app.inject({
      method: 'POST',
      url,
      headers: { ...form, cookie, ...headers },
      payload: new URLSearchParams(fields).toString(),
    });
  /** The token that stands in a form of the session. */
  const formTokenOf = async (cookie: string, url = '/ops/do/stop') =>
    /name="form_token" value="([^"]+)"/.exec((await get(url, cookie)).body)![1]!;
  return { app, engine, unexpected, logIn, cookieOf, get, post, formTokenOf };
}
