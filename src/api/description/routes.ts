/** `/openapi.json` for tools and `/docs` for people. */

import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { type PlanSet, packedPlans } from '../../plan/plan-set.ts';
import { EXAMPLE_PROVIDER_ID } from '../market/providers.ts';
import { EXAMPLE_PLAN_ID } from '../plans/plan-params.ts';
import { type KeptText, keepText, sendKept } from '../representation.ts';
import { type Operation, route } from '../route.ts';
import type { ApiParts } from '../routes.ts';
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
const CACHING = { 'cache-control': 'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400' };
const ASSETS = {
  'docs.css': { type: 'text/css; charset=utf-8', files: ['../../html/tokens.css', 'docs.css'] },
  'docs.js': { type: 'text/javascript; charset=utf-8', files: ['docs.js'] },
};

export function descriptionRoutes(
  app: FastifyInstance,
  parts: ApiParts,
  operations: readonly Operation[],
): void {
  let described: { json: string; html: string } | undefined;
  /** With what is on sale now, and of which version that is. */
  let made: { of: string | undefined; json: KeptText; html: KeptText } | undefined;
  const describe = async () => {
    if (!described) {
      const document = await openapiDocument(operations);
      described = { json: JSON.stringify(document), html: docsPage(document as unknown as Shown) };
    }
    const set = exampleSet(parts);
    const of = set && `${set.tdsp_duns}.${set.version}`;
    if (!made || made.of !== of) {
      const keep = (text: string) => keepText(withRealIds(text, set));
      made = { of, json: keep(described.json), html: keep(described.html) };
    }
    return made;
  };
  const assets = new Map<string, KeptText>();

  route(app, GET_DESCRIPTION, async ({ request, reply }) =>
    sendKept(request, reply, (await describe()).json, {
      type: 'application/json; charset=utf-8',
      ...CACHING,
    }),
  );

  let schema: KeptText | undefined;
  route(app, GET_EVENT_SCHEMA, async ({ request, reply }) => {
    schema ??= keepText(JSON.stringify(eventsSchemaDocument(SCHEMAS)));
    return sendKept(request, reply, schema, { type: `${SCHEMA_TYPE}; charset=utf-8`, ...CACHING });
  });

  app.get('/docs', async (request, reply) => {
    reply.headers(PAGE_HEADERS);
    return sendKept(request, reply, (await describe()).html, {
      type: 'text/html; charset=utf-8',
      ...CACHING,
    });
  });
  for (const [name, { type, files }] of Object.entries(ASSETS)) {
    app.get(`/docs/${name}`, async (request, reply) => {
      const kept = assets.get(name) ?? keepText((await Promise.all(files.map(read))).join(''));
      assets.set(name, kept);
      return sendKept(request, reply, kept, { type, ...CACHING });
    });
  }
}

const read = (file: string): Promise<string> => readFile(new URL(file, import.meta.url), 'utf8');

/** Whose first plan the examples name. */
const exampleSet = ({ catalog, territory }: ApiParts): PlanSet | undefined =>
  territory.tdsps.map(({ duns }) => catalog.look([duns])?.sets[0]).find((one) => one);

/** Examples name a plan and a provider: what is on sale here, so that they can be tried. */
function withRealIds(text: string, set: PlanSet | undefined): string {
  const packed = set && packedPlans(set);
  if (!packed || packed.count === 0) return text;
  const { id, provider } = packed.plan(0);
  return text.replaceAll(EXAMPLE_PLAN_ID, id).replaceAll(EXAMPLE_PROVIDER_ID, provider.id);
}
