/** `/openapi.json` for tools and `/docs` for people. */

import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { packedPlans } from '../../plan/plan-set.ts';
import { EXAMPLE_PROVIDER_ID } from '../market/providers.ts';
import { EXAMPLE_PLAN_ID } from '../plans/plan-params.ts';
import { type Operation, route } from '../route.ts';
import { type ApiParts, isNotModified } from '../routes.ts';
import { docsPage, type Shown } from './docs-page.ts';
import { openapiDocument } from './document.ts';
import { eventsSchemaDocument } from './event-schemas.ts';
import { SCHEMAS } from './schemas.ts';

const SCHEMA_TYPE = 'application/schema+json';

const GET_DESCRIPTION = {
  id: 'getOpenapi',
  method: 'GET',
  path: '/openapi.json',
  tag: 'Health',
  summary: 'This description',
  description: 'This description, as OpenAPI 3.1. Its examples name plans that this server has.',
  query: 'any',
  answer: 'Openapi',
  caching: { maxAgeSeconds: 60 },
  problems: [],
  example: {},
} as const satisfies Operation;

const GET_EVENT_SCHEMA = {
  id: 'getEventSchema',
  method: 'GET',
  path: '/schemas/events.json',
  tag: 'Markets',
  summary: 'The JSON Schema of every market event',
  description:
    'One shape for `/v1/changes`, `/v1/stream`, webhooks and the export of events, as JSON Schema (2020-12).',
  query: 'any',
  answer: 'EventSchema',
  type: SCHEMA_TYPE,
  caching: { maxAgeSeconds: 60 },
  problems: [],
  example: {},
} as const satisfies Operation;

/** Nothing may be loaded but from here, and no page of another site may frame it. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
} as const;
const ASSETS = {
  'docs.css': { type: 'text/css; charset=utf-8', files: ['../../html/tokens.css', 'docs.css'] },
  'docs.js': { type: 'text/javascript; charset=utf-8', files: ['docs.js'] },
};

export function descriptionRoutes(
  app: FastifyInstance,
  parts: ApiParts,
  operations: readonly Operation[],
): void {
  let made: { json: string; html: string } | undefined;
  const describe = async () => {
    if (!made) {
      const document = await openapiDocument(operations);
      made = { json: JSON.stringify(document), html: docsPage(document as unknown as Shown) };
    }
    return made;
  };

  route(app, GET_DESCRIPTION, async ({ request, reply }) =>
    sendText(request, reply, 'application/json; charset=utf-8', withRealIds((await describe()).json, parts)),
  );

  route(app, GET_EVENT_SCHEMA, async ({ request, reply }) =>
    sendText(request, reply, `${SCHEMA_TYPE}; charset=utf-8`, JSON.stringify(eventsSchemaDocument(SCHEMAS))),
  );

  app.get('/docs', async (request, reply) => {
    const { html } = await describe();
    reply.headers(PAGE_HEADERS);
    return sendText(request, reply, 'text/html; charset=utf-8', withRealIds(html, parts));
  });
  for (const [name, { type, files }] of Object.entries(ASSETS)) {
    app.get(`/docs/${name}`, async (request, reply) =>
      sendText(request, reply, type, (await Promise.all(files.map(read))).join('')),
    );
  }
}

function sendText(request: FastifyRequest, reply: FastifyReply, type: string, text: string): FastifyReply {
  const tag = hash('sha256', text, 'base64url').slice(0, 22);
  reply.headers({
    etag: `W/"${tag}"`,
    vary: 'accept-encoding',
    'cache-control': 'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400',
  });
  if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return reply.type(type).send(text);
}

const read = (file: string): Promise<string> => readFile(new URL(file, import.meta.url), 'utf8');

/** Examples name a plan and a provider: what is on sale here, so that they can be tried. */
function withRealIds(text: string, { catalog, territory }: ApiParts): string {
  const set = territory.tdsps.map(({ duns }) => catalog.look([duns])?.sets[0]).find((one) => one);
  const packed = set && packedPlans(set);
  if (!packed || packed.count === 0) return text;
  const { id, provider } = packed.plan(0);
  return text.replaceAll(EXAMPLE_PLAN_ID, id).replaceAll(EXAMPLE_PROVIDER_ID, provider.id);
}
