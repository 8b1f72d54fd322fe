/**
 * Answers that come as JSON or as CSV, whichever the caller prefers (RFC 9110, 12.5.1), with a tag made from the
 * bytes. For facts about the past, which are read from PostgreSQL each time; lists of plans have their own way.
 */

import { hash } from 'node:crypto';
import { stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { Problem } from './problem.ts';
import { isNotModified, linkNext } from './routes.ts';

export const JSON_TYPE = 'application/json';
export const CSV_TYPE = 'text/csv';

/** A column of a CSV answer; the name tells the unit. */
export interface CsvColumn<Row> {
  name: string;
  value(row: Row): string | number | boolean | null;
}

/**
 * RFC 4180: a line of names, CR LF, quotes where they are needed. `null` is an empty cell. A text that a spreadsheet
 * would take for a formula is made harmless by an apostrophe: upstreams choose the names of their plans.
 */
export function csvText<Row>(columns: readonly CsvColumn<Row>[], rows: readonly Row[]): string {
  return stringify(
    rows.map((row) => columns.map(({ value }) => value(row))),
    {
      header: true,
      columns: columns.map(({ name }) => name),
      record_delimiter: 'windows',
      escape_formulas: true,
      cast: { boolean: (value) => String(value) },
    },
  );
}

/** @returns what to send; `null` if the caller takes neither */
export function chooseType(accept: string | undefined): typeof JSON_TYPE | typeof CSV_TYPE | null {
  // A header without a value asks for nothing in particular, like none at all.
  const types = new Negotiator({ headers: { accept: accept?.trim() || undefined } });
  return (types.mediaType([JSON_TYPE, CSV_TYPE]) as typeof JSON_TYPE | typeof CSV_TYPE | undefined) ?? null;
}

interface Representations<Row> {
  json: object;
  /** Left out where there is no table to tell. */
  csv?: { columns: readonly CsvColumn<Row>[]; rows: readonly Row[] };
  /** How long a cache may answer without asking. */
  maxAgeSeconds: number;
}

/** @throws {Problem} the caller takes neither JSON nor CSV */
export function sendRepresentation<Row>(
  request: FastifyRequest,
  reply: FastifyReply,
  { json, csv, maxAgeSeconds }: Representations<Row>,
): FastifyReply {
  const type = csv ? chooseType(request.headers.accept) : JSON_TYPE;
  if (type === null) {
    throw new Problem('not_acceptable', {
      detail: `This comes as ${JSON_TYPE} or ${CSV_TYPE}, not as "${request.headers.accept}".`,
    });
  }
  const body = type === CSV_TYPE && csv ? csvText(csv.columns, csv.rows) : JSON.stringify(json);
  const tag = hash('sha256', body, 'base64url').slice(0, 22);
  const { next } = (json as { links?: { next?: string } }).links ?? {};
  reply.headers({
    etag: `W/"${tag}"`,
    ...(csv && { vary: 'accept, accept-encoding' }),
    'cache-control': `public, max-age=${maxAgeSeconds}, stale-while-revalidate=600, stale-if-error=86400`,
    ...(next === undefined ? {} : { link: linkNext(next) }),
  });
  if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return reply.header('content-type', `${type}; charset=utf-8`).send(body);
}
