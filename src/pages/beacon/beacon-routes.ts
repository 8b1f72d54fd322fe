/**
 * Where browsers tell how fast a page was to somebody, if the operator asks for that: the kind of page and three figures,
 * no address, no cookie, nothing about who, and nobody else is told.
 */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { serveForGood } from '../script.ts';
import type { Visit } from './vitals-recorder.ts';

const LONGEST_BODY = 512;

let script: { path: string; source: string } | undefined;

/** The library that measures (web-vitals), and the few lines that send; read where somebody asks for them. */
export function beaconScript(): { path: string; source: string } {
  if (!script) {
    const library = readFileSync(new URL('web-vitals.iife.js', import.meta.resolve('web-vitals')), 'utf8');
    const own = readFileSync(new URL('../browser/vitals.js', import.meta.url), 'utf8');
    const source = `${library.replace(/^\/\/# sourceMappingURL.*$/m, '')}\n${own}`;
    script = { path: `/assets/vitals-${hash('sha256', source, 'hex').slice(0, 10)}.js`, source };
  }
  return script;
}

/**
 * @param pages patterns of the pages there are
 * @param onVisit called with a visit to one of them
 */
export function beaconRoutes(
  app: FastifyInstance,
  pages: readonly string[],
  onVisit: (page: string, visit: Visit) => void,
): void {
  const { path, source } = beaconScript();
  serveForGood(app, path, source);
  app.post('/beacon', { bodyLimit: LONGEST_BODY }, async (request, reply) => {
    const { readVisit } = await import('./visit-body.ts');
    const { page, visit } = readVisit(pages, request.body);
    onVisit(page, visit);
    return reply.code(204).header('cache-control', 'no-store').send();
  });
}
