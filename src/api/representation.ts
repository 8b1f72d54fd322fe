/**
 * Answers that come as JSON or as CSV, whichever the caller prefers (RFC 9110, 12.5.1), with a tag made from the
 * bytes. For facts about the past, which are read from PostgreSQL each time; lists of plans have their own way.
 */

import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { type Encoding, encodingFor } from './packed-body.ts';
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
  const tag = tagOf(body);
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

/** A text that is sent again and again as it is: named once, and packed once for each encoding. */
export interface KeptText {
  text: string;
  tag: string;
  bodies: Partial<Record<Encoding, Promise<Buffer>>>;
}

export const keepText = (text: string): KeptText => ({ text, tag: tagOf(text), bodies: {} });

const tagOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, 22);

/** @param headers `Cache-Control`, and `Vary` where it depends on more than the encoding */
export async function sendKept(
  request: FastifyRequest,
  reply: FastifyReply,
  kept: KeptText,
  { type, ...headers }: { type: string; 'cache-control': string; vary?: string },
): Promise<FastifyReply> {
  reply.headers({ etag: `W/"${kept.tag}"`, ...headers });
  if (isNotModified(request.headers['if-none-match'], kept.tag)) return reply.code(304).send();
  const encoding = encodingFor(request.headers['accept-encoding']);
  kept.bodies[encoding] ??= pack(encoding, kept.text);
  const body = await kept.bodies[encoding];
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.type(type).send(body);
}

/** The highest quality makes texts of some hundred kilobytes a little smaller and takes many times as long. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

async function pack(encoding: Encoding, text: string): Promise<Buffer> {
  const raw = Buffer.from(text);
  if (encoding === 'identity') return raw;
  return encoding === 'br' ? promisify(brotliCompress)(raw, BROTLI) : promisify(gzip)(raw);
}
