/** The one script of the pages. They are whole without it; it is sent once and kept by the browser for good. */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { encodingFor } from '../api/packed-body.ts';

const SOURCE = readFileSync(new URL('browser/site.js', import.meta.url), 'utf8')
  .replace(/^\s*(?:\/\/|\/\*\*?|\*).*$/gm, '')
  .replace(/^\s+/gm, '');

/** Its name changes with what is in it. */
export const SCRIPT_PATH = `/assets/site-${hash('sha256', SOURCE, 'hex').slice(0, 10)}.js`;

export const scriptRoute = (app: FastifyInstance): void => serveForGood(app, SCRIPT_PATH, SOURCE);

/** @param path one that changes with what is in the script */
export function serveForGood(app: FastifyInstance, path: string, source: string): void {
  const bodies = { br: brotliCompressSync(source), gzip: gzipSync(source), identity: Buffer.from(source) };
  app.get(path, (request, reply) => {
    const encoding = encodingFor(request.headers['accept-encoding']);
    if (encoding !== 'identity') reply.header('content-encoding', encoding);
    return reply
      .headers({ vary: 'accept-encoding', 'cache-control': 'public, max-age=31536000, immutable' })
      .type('text/javascript; charset=utf-8')
      .send(bodies[encoding]);
  });
}
