/** The OpenAPI 3.1 document, made from the declarations that the routes are registered with. */

import { readFile } from 'node:fs/promises';
import type { Param, Params } from '../params.ts';
import { PROBLEMS, type ProblemCode, problemOf } from '../problem.ts';
import { CSV_TYPE, JSON_TYPE } from '../representation.ts';
import { type Operation, TAGS } from '../route.ts';
import { ref, type Schema } from './schema-parts.ts';
import { SCHEMAS } from './schemas.ts';

const INTRODUCTION = `Electricity plans of the competitive Texas market: what is sold where, what it costs, and what became of it.

Rates are cents per kWh, money is USD before tax, usage is kWh a month, times are UTC. What is not known is \`null\`,
never 0 and never a guess.

Errors are problems (RFC 9457): \`code\` is stable, \`detail\` says what would be right, \`errors\` names the fields. Lists are
read page by page by following \`links.next\`, which is also in the header \`Link\`. Answers carry \`ETag\`: sent back as
\`If-None-Match\`, it brings a 304 until there is something new. \`HEAD\` is answered wherever \`GET\` is.`;

const HEADERS = {
  ETag: ['Names this answer; send it back as `If-None-Match`', 'W/"1039940674000.41"'],
  Age: ['Seconds since the upstream last confirmed these plans', '240'],
  'Cache-Control': ['How long caches may keep the answer', 'public, max-age=60'],
  'Cache-Status': [
    'Which layer answered, and for how long the plans are fresh (RFC 9211)',
    'wattsync; hit; ttl=3360; detail=memory',
  ],
  Vary: ['Which headers of the request the answer depends on', 'accept-encoding'],
  Link: ['The next page, where there is one (RFC 8288)', '</v1/cities?cursor=bedford-tx>; rel="next"'],
  Location: ['Where what was begun can be followed', '/v1/admin/runs/7'],
  'Retry-After': ['Seconds after which it is worth trying again', '5'],
  'WWW-Authenticate': ['How to identify oneself', 'Bearer realm="wattsync admin"'],
} as const;
type HeaderName = keyof typeof HEADERS;

/** What can go wrong with this operation, in the order of its statuses. */
export function problemsOf(operation: Operation): ProblemCode[] {
  const { problems, query, inPath, body, columns, role, isCostly, isWithKey } = operation;
  const takesNothing = query === 'any' && !inPath && !body;
  const all: ProblemCode[] = [
    ...problems,
    ...(takesNothing ? [] : (['invalid_parameter'] as const)),
    ...(body ? (['bad_request', 'body_too_large', 'unsupported_media_type'] as const) : []),
    ...(columns ? (['not_acceptable'] as const) : []),
    ...(role ? (['unauthorized', 'forbidden'] as const) : []),
    ...(isWithKey ? (['unauthorized'] as const) : []),
    ...(isCostly || columns || (typeof query === 'object' && 'as_of' in query) ? (['busy'] as const) : []),
    ...(takesNothing ? [] : (['uri_too_long'] as const)),
    'too_many_requests',
    'request_timeout',
    'headers_too_large',
    'internal_error',
  ];
  return [...new Set(all)].toSorted((a, b) => PROBLEMS[a].status - PROBLEMS[b].status);
}

/** One for each operation: `npm run examples`. */
const ANSWERS = new URL('examples.json', import.meta.url);

export async function openapiDocument(operations: readonly Operation[]): Promise<Record<string, unknown>> {
  // With zod, which the start does without.
  const { bodySchemas } = await import('../bodies.ts');
  const answers = JSON.parse(await readFile(ANSWERS, 'utf8')) as Record<string, unknown>;
  const byPath = Map.groupBy(operations, ({ path }) => path);
  const paths = [...byPath].map(([path, some]) => [
    path,
    Object.fromEntries(
      some.map((operation) => [operation.method.toLowerCase(), describe(operation, answers)]),
    ),
  ]);
  const used = new Set(operations.map(({ tag }) => tag));
  return {
    openapi: '3.1.0',
    info: {
      title: 'wattsync',
      version: '1',
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
      contact: { name: 'The operator of this server' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: Object.entries(TAGS)
      .filter(([name]) => used.has(name as keyof typeof TAGS))
      .map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(paths),
    components: usedOf(paths, {
      schemas: { ...SCHEMAS, ...bodySchemas() },
      headers: Object.fromEntries(
        Object.entries(HEADERS).map(([name, [description, example]]) => [
          name,
          { description, schema: { type: 'string' }, example },
        ]),
      ),
      securitySchemes: {
        eventsKey: { type: 'http', scheme: 'bearer', description: 'The key of `EVENTS_KEY`' },
        adminToken: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of `ADMIN_TOKEN`. One with the role `read` looks; one with `operate` changes things, too.',
        },
      },
    }),
  };
}

function describe(operation: Operation, answers: Record<string, unknown>): Record<string, unknown> {
  const { id, tag, summary, role, body, example } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: descriptionOf(operation),
    ...(operation.deprecated && { deprecated: true }),
    security: role ? [{ adminToken: [] }] : operation.isWithKey ? [{ eventsKey: [] }] : [],
    parameters: parametersOf(operation),
    ...(body && {
      requestBody: {
        required: !body.isOptional,
        content: {
          [JSON_TYPE]: { schema: ref(body.schema), ...(example.body && { example: example.body }) },
        },
      },
    }),
    responses: { ...success(operation, answers[id]), ...failures(operation) },
  };
}

function descriptionOf({ summary, description, exactlyOneOf, role, columns, deprecated }: Operation): string {
  const said = [description ?? `${summary}.`];
  if (deprecated) said.unshift(`May be gone from ${deprecated.goneFrom}; instead: ${deprecated.instead}.`);
  if (exactlyOneOf) said.push(`Exactly one of ${listed(exactlyOneOf)} has to be given.`);
  if (columns) said.push('With `Accept: text/csv` the answer comes as CSV.');
  if (role) said.push(`Needs a token with the role \`${role}\`${role === 'read' ? ' or `operate`' : ''}.`);
  return said.join(' ');
}

const listed = (names: readonly string[]): string =>
  `${names
    .slice(0, -1)
    .map((name) => `\`${name}\``)
    .join(', ')} and \`${names.at(-1)}\``;

function parametersOf({ inPath = {}, query = {}, exactlyOneOf = [], example }: Operation): unknown[] {
  const one =
    (where: 'path' | 'query', examples: Record<string, string> = {}) =>
    ([name, param]: [string, Param<unknown>]) => ({
      name,
      in: where,
      description: exactlyOneOf.includes(name)
        ? `${param.description} Exactly one of ${listed(exactlyOneOf)} has to be given.`
        : param.description,
      ...((where === 'path' || param.isRequired) && { required: true }),
      schema: param.schema,
      ...(param.schema.type === 'array' && { style: 'form', explode: false }),
      ...(name in examples && { example: typed(examples[name]!, param.schema) }),
    });
  return [
    ...Object.entries(inPath).map(one('path', example.inPath)),
    ...Object.entries(query === 'any' ? {} : (query as Params)).map(one('query', example.query)),
  ];
}

/** The text of an address as the JSON that its schema means. */
function typed(text: string, { type, items }: Record<string, unknown>): unknown {
  if (type === 'array') return text.split(',').map((item) => typed(item, items as Record<string, unknown>));
  if (type === 'integer' || type === 'number') return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}

/** @param example an answer, by a server with invented plans */
function success(operation: Operation, example: unknown): Record<string, unknown> {
  const { status = 200, summary, answer, columns, caching, hasLocation, type = JSON_TYPE } = operation;
  const headers: HeaderName[] = ['Cache-Control'];
  if (caching !== 'no-store') headers.push('Vary', 'ETag');
  if (caching === 'plans') headers.push('Age', 'Cache-Status');
  if (hasNext(answer)) headers.push('Link');
  if (hasLocation) headers.push('Location');
  const done = {
    description: summary,
    headers: headersOf(headers),
    content: {
      [type]: { schema: ref(answer), ...(example !== undefined && { example }) },
      ...(columns && { [CSV_TYPE]: { schema: csvSchema(columns) } }),
    },
  };
  const known = {
    description: 'The caller holds this answer already: its tag was in `If-None-Match`',
    headers: headersOf(headers.filter((name) => name !== 'Link' && name !== 'Location')),
  };
  return { [status]: done, ...(caching !== 'no-store' && { 304: known }) };
}

function hasNext(answer: keyof typeof SCHEMAS): boolean {
  const { properties } = SCHEMAS[answer] as { properties?: Record<string, { properties?: object }> };
  return 'next' in (properties?.links?.properties ?? {});
}

function failures(operation: Operation): Record<string, unknown> {
  const byStatus = Map.groupBy(problemsOf(operation), (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => {
      const headers: HeaderName[] = ['Cache-Control'];
      if (status === 401) headers.push('WWW-Authenticate');
      if (status === 429 || status === 503) headers.push('Retry-After');
      const examples = codes.map((code) => {
        const { title } = PROBLEMS[code];
        return [code, { summary: title, value: problemOf(code, { detail: `${title}.` }) }];
      });
      return [
        status,
        {
          description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('. '),
          headers: headersOf(headers),
          content: {
            'application/problem+json': { schema: ref('Problem'), examples: Object.fromEntries(examples) },
          },
        },
      ];
    }),
  );
}

const headersOf = (names: readonly HeaderName[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const csvSchema = (columns: readonly { name: string }[]): Schema => ({
  type: 'string',
  description: `RFC 4180, with a line of names: ${columns.map(({ name }) => name).join(', ')}`,
});

type Components = Record<string, Record<string, unknown>>;

/** Those components that the paths name, and what these name in turn. */
function usedOf(paths: unknown, components: Components): Components {
  const kept: Components = {};
  const visit = (part: unknown): void => {
    for (const [, kind, name] of JSON.stringify(part).matchAll(/#\/components\/(\w+)\/([\w-]+)"/g)) {
      if (kept[kind!]?.[name!]) continue;
      kept[kind!] = { ...kept[kind!], [name!]: components[kind!]![name!] };
      visit(components[kind!]![name!]);
    }
  };
  visit(paths);
  const text = JSON.stringify(paths);
  const schemes = Object.entries(components.securitySchemes!).filter(([name]) =>
    text.includes(`"${name}":[]`),
  );
  if (schemes.length > 0) kept.securitySchemes = Object.fromEntries(schemes);
  return kept;
}
