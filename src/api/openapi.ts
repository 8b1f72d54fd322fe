/** The OpenAPI 3.1 document, made from the parameters that the routes really read, and a page to look at it. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { CHANGES_PARAMS, changeColumns, INDEX_PARAMS, indexColumns } from './market/markets.ts';
import { CITY_PARAMS } from './market/places.ts';
import { PROVIDER_PARAMS, providerColumns } from './market/providers.ts';
import { SEARCH_PARAMS } from './market/search.ts';
import type { Params } from './params.ts';
import { HISTORY_PARAMS, historyColumns } from './plans/plan-history.ts';
import { PLAN_PARAMS } from './plans/plan-params.ts';
import { ONE_PLAN_PARAMS } from './plans/plans.ts';
import { PROBLEMS } from './problem.ts';
import { SCHEMAS } from './schemas.ts';

interface Operation {
  path: string;
  summary: string;
  query?: Params;
  /** Name of the answer's schema. */
  answer: keyof typeof SCHEMAS;
  /** Statuses of the problems it may answer. */
  problems: number[];
  /** Of the CSV that who prefers `text/csv` gets. */
  columns?: readonly { name: string }[];
}

const OPERATIONS: Operation[] = [
  {
    path: '/v1/plans',
    summary: 'Plans at a place, as they are or as they were: filtered, sorted, counted, page by page',
    query: PLAN_PARAMS,
    answer: 'PlanList',
    problems: [400, 404, 503],
  },
  {
    path: '/v1/plans/{id}',
    summary: 'One plan, by its id or by that of its offer, as it is or as it was',
    query: ONE_PLAN_PARAMS,
    answer: 'PlanAnswer',
    problems: [400, 404, 410, 503],
  },
  {
    path: '/v1/plans/{id}/history',
    summary: 'What happened to a plan through all its re-pricings, and what it cost meanwhile',
    query: HISTORY_PARAMS,
    answer: 'History',
    problems: [400, 404, 406, 503],
    columns: historyColumns(null),
  },
  {
    path: '/v1/markets/{duns}/index',
    summary: 'How many plans a TDSP had and what they cost, by day, week or month in America/Chicago',
    query: INDEX_PARAMS,
    answer: 'MarketIndex',
    problems: [400, 404, 406, 503],
    columns: indexColumns(''),
  },
  {
    path: '/v1/markets/{duns}/changes',
    summary:
      'What was listed, changed, withdrawn and relisted at a TDSP since a time or a version, oldest first',
    query: CHANGES_PARAMS,
    answer: 'MarketChanges',
    problems: [400, 404, 406, 410, 503],
    columns: changeColumns('', []),
  },
  {
    path: '/v1/cities',
    summary: 'Cities with retail choice',
    query: CITY_PARAMS,
    answer: 'CityList',
    problems: [400],
  },
  {
    path: '/v1/cities/{slug}',
    summary:
      'A city with choice and who serves it; one without is a problem that names its utilities and the nearest with choice',
    answer: 'CityAnswer',
    problems: [404],
  },
  {
    path: '/v1/zips/{zip}',
    summary:
      'A ZIP code with choice and who serves it; one without is a problem that names its utilities and the nearest with choice',
    answer: 'ZipAnswer',
    problems: [400, 404],
  },
  {
    path: '/v1/tdsps',
    summary: 'The six wires companies and how fresh their plans are',
    answer: 'TdspList',
    problems: [503],
  },
  {
    path: '/v1/providers',
    summary: 'Providers that sell something now',
    answer: 'ProviderList',
    problems: [503],
  },
  {
    path: '/v1/providers/{id}',
    summary: 'One provider: what it sells where, and how often it lists, withdraws and re-prices',
    query: PROVIDER_PARAMS,
    answer: 'ProviderAnswer',
    problems: [400, 404, 406, 503],
    columns: providerColumns('', ''),
  },
  {
    path: '/v1/search',
    summary: 'Cities, providers and what they sell, ranked, as you type',
    query: SEARCH_PARAMS,
    answer: 'SearchAnswer',
    problems: [400, 503],
  },
  { path: '/healthz', summary: 'The process lives', answer: 'Health', problems: [] },
  { path: '/readyz', summary: 'Plans of all TDSPs can be answered', answer: 'Health', problems: [503] },
];

export function openapiDocument(): Record<string, unknown> {
  const paths = OPERATIONS.map(({ path, summary, query = {}, answer, problems, columns }) => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    const inQuery = Object.entries(query).map(([name, { description, schema }]) => ({
      name,
      in: 'query',
      description,
      schema,
      ...(schema.type === 'array' ? { style: 'form', explode: false } : {}),
    }));
    const failures = problems.map((status) => [
      status,
      { description: titles(status), content: { 'application/problem+json': { schema: ref('Problem') } } },
    ]);
    const get = {
      operationId: path.replace(/[{}]/g, '').split('/').filter(Boolean).join('_'),
      summary,
      parameters: [...inPath, ...inQuery],
      responses: {
        200: {
          description: summary,
          content: {
            'application/json': { schema: ref(answer) },
            ...(columns ? { 'text/csv': { schema: csvSchema(columns) } } : {}),
          },
        },
        ...Object.fromEntries(failures),
      },
    };
    return [path, { get }];
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'wattsync',
      version: '1',
      description:
        'Electricity plans of the competitive Texas market. Rates are cents per kWh, money is USD before tax, unknown is null.',
    },
    paths: Object.fromEntries(paths),
    components: { schemas: SCHEMAS },
  };
}

const csvSchema = (columns: readonly { name: string }[]) => ({
  type: 'string',
  description: `RFC 4180, with a line of names: ${columns.map(({ name }) => name).join(', ')}`,
});

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const titles = (status: number): string =>
  Object.values(PROBLEMS)
    .filter((problem) => problem.status === status)
    .map(({ title }) => title)
    .join(', or: ');

const DOCS_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wattsync API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="docs"></div>
<noscript>The API is described at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
`;
const DOCS_START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });\n`;
const ASSETS: Record<string, string> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
};

export function openapiRoutes(app: FastifyInstance): void {
  let document: string | undefined;
  app.get('/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(openapiDocument());
    return reply.header('content-type', 'application/json; charset=utf-8').send(document);
  });
  app.get('/docs', async (_request, reply) =>
    reply.header('content-type', 'text/html; charset=utf-8').send(DOCS_PAGE),
  );
  app.get('/docs/start.js', async (_request, reply) =>
    reply.header('content-type', 'text/javascript').send(DOCS_START),
  );
  for (const [file, type] of Object.entries(ASSETS)) {
    app.get(`/docs/${file}`, async (_request, reply) => {
      const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
      return reply
        .header('content-type', type)
        .header('cache-control', 'public, max-age=86400')
        .send(await readFile(join(folder, file)));
    });
  }
}
