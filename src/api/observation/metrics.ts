/** `/metrics`: for Prometheus, as plain text or, where it asks for it, as OpenMetrics. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { CONTENT_TYPES, formatFor, type MetricsFormat } from '../../metrics.ts';

export type RenderMetrics = (format: MetricsFormat) => string;

export function answerMetrics(
  render: RenderMetrics,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const format = formatFor(headers.accept);
  const body = render(format);
  response
    .writeHead(200, {
      'content-type': CONTENT_TYPES[format],
      'cache-control': 'no-store',
      vary: 'accept',
      'content-length': Buffer.byteLength(body),
    })
    .end(body);
}

/** @param render left out: this process has none */
export function metricsRoutes(app: FastifyInstance, render: RenderMetrics | undefined): void {
  if (!render) return;
  // Not compressed, as in a process without a web role: a scraper is near, and packing costs more than making the text.
  app.get('/metrics', { compress: false }, (request, reply) => {
    const format = formatFor(request.headers.accept);
    return reply
      .header('content-type', CONTENT_TYPES[format])
      .header('cache-control', 'no-store')
      .header('vary', 'accept')
      .send(render(format));
  });
}
