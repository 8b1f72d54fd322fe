/** `/v1/exports`: what was exported, and its files. */

import type { FastifyInstance } from 'fastify';
import { readExports } from '../../store/exports/kept-exports.ts';
import { integer, type Param } from '../params.ts';
import { type Operation, route } from '../route.ts';
import type { ApiParts } from '../routes.ts';
import { fileRoutes } from './files.ts';

const LIMIT = 31;

const exportName: Param<string> = {
  description: 'Those before this one: taken from `links.next`.',
  schema: { type: 'string', pattern: '^\\d{4}-\\d\\d(-\\d\\d)?$' },
  expected: 'the name of an export, such as 2026-11-28 or 2026-11',
  read: (given) => (/^\d{4}-\d\d(-\d\d)?$/.test(given) ? given : undefined),
};

const LIST_EXPORTS = {
  id: 'listExports',
  method: 'GET',
  path: '/v1/exports',
  tag: 'Markets',
  summary: 'Files with the plans, events and rates of each day and month, the newest first',
  description:
    'What the market was, as CSV, JSON lines and Parquet, made once a night for the day that is over and for its month. A name of a file holds the first digits of its SHA-256, and what is behind it never changes; the same name without them leads to the newest file of that day or month. Files are answered in pieces on demand (`Range`, `If-Range`). `descriptor` leads to a Frictionless data package: the meaning of every column, licences, and what the files were made of. An export whose name begins with `sandbox-` holds invented plans.',
  query: {
    limit: integer(`Exports on a page; ${LIMIT} if not given.`, 1, 100),
    before: exportName,
  },
  answer: 'ExportList',
  caching: { maxAgeSeconds: 60 },
  problems: ['storage_unavailable'],
  example: { query: { limit: '5' } },
} as const satisfies Operation;

export function exportRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { database, exports } = parts;
  if (!exports) return;
  route(app, LIST_EXPORTS, async ({ query: { limit, before } }) => {
    const most = limit ?? LIMIT;
    const found = await readExports(database.pool, { before, most: most + 1 });
    const shown = found.slice(0, most);
    const next = found.length > most ? shown.at(-1)!.name : null;
    return {
      data: shown.map((kept) => {
        const { name, notice, resources } = exports.packageOf(kept);
        return {
          name: kept.name,
          title: name,
          until: kept.until_at.toISOString(),
          ...(notice && { notice }),
          descriptor: `/v1/exports/datapackage-${kept.name}.json`,
          files: resources.map(({ name, format, path, bytes, hash, rows }) => ({
            table: name.slice(0, -format.length - 1),
            format,
            link: `/v1/exports/${path}`,
            bytes,
            sha256: hash.replace('sha256:', ''),
            rows,
          })),
        };
      }),
      links: next === null ? {} : { next: `/v1/exports?limit=${most}&before=${next}` },
    };
  });
  fileRoutes(app, parts, exports);
}
