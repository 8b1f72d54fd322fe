/**
 * `/v1/stream`: the events of `/v1/changes` as they happen, as server-sent events. The id of each is its `seq`, so a
 * browser that comes back names the last one it has; what can no longer be told from there is one event `resync`.
 */

import type { FastifyInstance } from 'fastify';
import { integer } from '../params.ts';
import { Problem } from '../problem.ts';
import { type Operation, route } from '../route.ts';
import { type ApiParts, PUBLIC_HEADERS } from '../routes.ts';
import { clientOf } from '../strangers/client-limits.ts';
import { EVENT_FILTERS, toFilter } from './changes.ts';

const PARAMS = {
  ...EVENT_FILTERS,
  since: integer('What happened after this `seq`, where the header Last-Event-ID does not say so.', 0, 1e15),
};

const STREAM = {
  id: 'streamEvents',
  method: 'GET',
  path: '/v1/stream',
  tag: 'Markets',
  summary: 'What happens in all markets, as it happens: server-sent events',
  description:
    'The events of `/v1/changes` within a second. The id of each is its `seq`: a client that comes back with `Last-Event-ID` is told what it missed, or one event `resync`, and then reads the plans again. A comment every 15 seconds says that the stream lives; one that is not read is ended.',
  query: PARAMS,
  answer: 'EventStream',
  type: 'text/event-stream',
  caching: 'no-store',
  problems: ['unknown_tdsp', 'busy'],
  example: { query: { tdsp: 'ONCOR' } },
} as const satisfies Operation;

/** Of the places of a process one client has a tenth: nobody can take all of them. */
const SHARE_OF_A_CLIENT = 0.1;

export function streamRoutes(app: FastifyInstance, { hub, territory }: ApiParts): void {
  if (!hub) return;
  const most = Math.ceil(hub.most * SHARE_OF_A_CLIENT);
  const listening = new Map<string, number>();
  route(app, STREAM, async ({ query: { since, ...params }, request, reply }) => {
    const filter = toFilter(territory, params);
    if (hub.isFull) {
      throw new Problem('busy', {
        detail: 'Too many listen to this process just now. Try again in half a minute, or ask /v1/changes.',
        retry_after_seconds: 30,
      });
    }
    const client = clientOf(request);
    const streams = listening.get(client) ?? 0;
    if (streams >= most) {
      throw new Problem('too_many_requests', {
        detail: `At most ${most} streams of one client. End one of them first.`,
        retry_after_seconds: 30,
      });
    }
    const given = Number(request.headers['last-event-id'] || Number.NaN);
    reply.hijack();
    // Without chunks, so that one buffer goes to all who are told the same as it is; the connection is for nothing else.
    reply.raw.useChunkedEncodingByDefault = false;
    reply.raw.writeHead(200, {
      connection: 'close',
      ...PUBLIC_HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    // A stream without a body would be one without an end.
    if (request.method === 'HEAD') {
      reply.raw.end();
      return reply;
    }
    listening.set(client, streams + 1);
    reply.raw.once('close', () => {
      const left = listening.get(client)! - 1;
      if (left > 0) listening.set(client, left);
      else listening.delete(client);
    });
    // Before anything is written PostgreSQL may be out of reach: the connection ends, and the client comes back.
    await hub
      .join(reply.raw, filter, Number.isSafeInteger(given) && given >= 0 ? given : since)
      .catch(() => reply.raw.end());
    return reply;
  });
}
