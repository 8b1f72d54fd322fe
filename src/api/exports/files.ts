/**
 * The files of exports, whole or in pieces (RFC 9110, 14). Which files there are stands in the database; where one is not in
 * this process's folder it is made again, which gives the same bytes.
 */

import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type KeptExport, readExport } from '../../store/exports/kept-exports.ts';
import { Problem } from '../problem.ts';
import { type ApiParts, isNotModified } from '../routes.ts';

type Exports = NonNullable<ApiParts['exports']>;

const TYPES: Record<string, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};
const FOR_EVER = 'public, max-age=31536000, immutable';
const FOR_MINUTES = 'public, max-age=300, stale-if-error=86400';
const HASHED = /\.[0-9a-f]{16}(?=\.\w+$)/;
const NAME = /-(\d{4}-\d\d(?:-\d\d)?)\.[\w.]+$/;

export function fileRoutes(app: FastifyInstance, { database }: ApiParts, exports: Exports): void {
  /** One at a time, because each reads thousands of plans; who asks for the same one waits for it. */
  let last: Promise<unknown> = Promise.resolve();
  const making = new Map<string, Promise<boolean>>();
  const remake = (kept: KeptExport): Promise<boolean> => {
    const known = making.get(kept.name);
    if (known) return known;
    const made = last.then(() => exports.remake(kept));
    making.set(kept.name, made);
    last = made.catch(() => {}).finally(() => making.delete(kept.name));
    return made;
  };

  const openFile = async (path: string, kept: KeptExport): Promise<FileHandle> => {
    const whole = join(exports.folder, path);
    const found = await open(whole).catch(() => null);
    if (found) return found;
    const isTheSame = await remake(kept);
    const made = isTheSame ? await open(whole).catch(() => null) : null;
    if (made) return made;
    throw new Problem('export_not_here', {
      detail: `The files of ${kept.name} are not in this process's folder, and what the database holds of that time has changed since they were made.`,
    });
  };

  app.get<{ Params: { file: string } }>('/v1/exports/:file', { compress: false }, async (request, reply) => {
    const { file } = request.params;
    const name = NAME.exec(file)?.[1];
    const kept = name === undefined ? null : await readExport(database.pool, name);
    if (!kept) throw unknown(file);
    if (file === `datapackage-${kept.name}.json`) {
      const tag = `${kept.name}.${kept.until_at.getTime()}`;
      reply.headers({ etag: `W/"${tag}"`, 'cache-control': FOR_MINUTES });
      if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send();
      return reply.type('application/json; charset=utf-8').send(kept.descriptor);
    }
    const known = exports
      .packageOf(kept)
      .resources.find(({ path }) => path === file || path.replace(HASHED, '') === file);
    if (!known) throw unknown(file);
    const { path, format, hash } = known;
    const tag = hash.replace('sha256:', '').slice(0, 32);
    reply.headers({
      etag: `"${tag}"`,
      'cache-control': HASHED.test(file) ? FOR_EVER : FOR_MINUTES,
      'accept-ranges': 'bytes',
      'content-type': TYPES[format],
      'content-disposition': `inline; filename="${path}"`,
    });
    if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send();
    const handle = await openFile(path, kept);
    const { size } = await handle.stat();
    return sendPiece(request, reply, { handle, size, tag });
  });
}

const unknown = (file: string): Problem =>
  new Problem('unknown_export', {
    detail: `There is no export "${file.slice(0, 100)}". Which ones there are: /v1/exports.`,
  });

async function sendPiece(
  request: FastifyRequest,
  reply: FastifyReply,
  { handle, size, tag }: { handle: FileHandle; size: number; tag: string },
): Promise<FastifyReply> {
  const piece = pieceOf(request, size, tag);
  if (piece === 'beyond') {
    await handle.close();
    reply.header('content-range', `bytes */${size}`);
    throw new Problem('range_not_satisfiable', {
      detail: `The file has ${size} bytes, and "${request.headers.range}" is none of them.`,
    });
  }
  const { from, to } = piece ?? { from: 0, to: size - 1 };
  if (piece) reply.code(206).header('content-range', `bytes ${from}-${to}/${size}`);
  reply.header('content-length', String(to - from + 1));
  if (request.method === 'HEAD' || size === 0) {
    await handle.close();
    // A stream, so that the length told is that of the file.
    return reply.send(Readable.from([]));
  }
  return reply.send(createReadStream('', { fd: handle, start: from, end: to }));
}

/** The one range that is asked for; `null`: the whole. Several at once are answered with the whole, as is allowed. */
function pieceOf(
  { headers }: FastifyRequest,
  size: number,
  tag: string,
): { from: number; to: number } | 'beyond' | null {
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== `"${tag}"`) return null;
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return null;
  if (first === '') {
    return last === '0' || size === 0 ? 'beyond' : { from: Math.max(0, size - Number(last)), to: size - 1 };
  }
  const from = Number(first);
  const to = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < from) return null;
  return from >= size ? 'beyond' : { from, to };
}
