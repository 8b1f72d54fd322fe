/**
 * `POST /mcp`: the tools over HTTP, each request by itself (no session). They ask the API of this process as any caller
 * does, so what they tell is what it tells. Loaded with the first request.
 */

import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createClient } from '../../client/index.ts';
import { expectToken } from '../api/admin.ts';
import { Problem } from '../api/problem.ts';
import type { AdminParts } from '../api/routes.ts';
import { bearerOf, mayAct } from '../api/strangers/admin-token.ts';

const MOST_BYTES = 65_536;

interface McpParts {
  admin: Pick<AdminParts, 'tokens' | 'database'> | null;
  publicUrl: string | null;
}

export function mcpRoutes(app: FastifyInstance, parts: McpParts): void {
  app.post('/mcp', { bodyLimit: MOST_BYTES }, async (request, reply) => {
    expectOwnName(request, parts.publicUrl);
    reply.removeHeader('access-control-allow-origin');
    const token = bearerOf(request.headers.authorization);
    // Guessing is limited here as everywhere.
    const admin = token && parts.admin ? await expectToken(request, app, parts.admin) : null;
    const [{ createMcpHandler }, { buildMcpServer }] = await Promise.all([
      import('@modelcontextprotocol/server'),
      import('./server.ts'),
    ]);
    const client = createClient({
      baseUrl: 'http://localhost',
      retries: 0,
      kept: 0,
      ...(token && { token }),
      fetch: asOwnRequest(app, request.ip),
    });
    const isOperator = admin !== null && mayAct(admin, 'operate');
    const handler = createMcpHandler(() => buildMcpServer(client, isOperator), {});
    try {
      const answer = await handler.fetch(toRequest(request), { parsedBody: request.body });
      reply.code(answer.status).header('cache-control', 'no-store');
      for (const [name, value] of answer.headers) if (name !== 'content-length') reply.header(name, value);
      return reply.send(await answer.text());
    } finally {
      await handler.close();
    }
  });
}

/**
 * A page of another site must not lead a browser here under a name of its own (DNS rebinding): the name has to be localhost,
 * an address, or that of PUBLIC_URL, and what a browser says it comes from as well.
 */
function expectOwnName({ headers }: FastifyRequest, publicUrl: string | null): void {
  const own = publicUrl && new URL(publicUrl).host;
  const isOwn = (host: string) => {
    if (host === own) return true;
    const { hostname } = new URL(`http://${host}`);
    return hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) > 0;
  };
  const { host = '', origin } = headers;
  const named = [host, ...(origin === undefined ? [] : [hostOf(origin)])];
  if (named.every((one) => URL.canParse(`http://${one}`) && isOwn(one))) return;
  throw new Problem('forbidden', {
    detail: `This server does not go by the name "${named.at(-1)}". Behind a name of its own it needs PUBLIC_URL.`,
  });
}

const hostOf = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host : origin);

function toRequest({ headers, method, url }: FastifyRequest): Request {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' && name !== 'content-length' ? [[name, value] as [string, string]] : [],
  );
  return new Request(new URL(url, 'http://localhost'), { method, headers: given });
}

/** Past the network, and counted for the client that asked. */
const asOwnRequest =
  (app: FastifyInstance, remoteAddress: string): typeof fetch =>
  async (url, init) => {
    const { pathname, search } = new URL(String(url));
    const answer = await app.inject({
      method: init?.method as 'GET',
      url: pathname + search,
      headers: init?.headers as Record<string, string>,
      remoteAddress,
      ...(init?.body ? { payload: String(init.body) } : {}),
    });
    return new Response(answer.statusCode === 304 ? null : answer.body, {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
    });
  };
