/** `/metrics` and `/healthz` of a process that does not answer otherwise. */

import { createServer } from 'node:http';
import { answerMetrics } from '../api/observation/metrics.ts';
import type { MetricsFormat } from '../metrics.ts';
import { listenOn } from './front.ts';

/** @throws {PortTakenError} @returns its address, and how to end it */
export async function openMetricsPort(
  address: { host: string; port: number },
  render: (format: MetricsFormat) => string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/metrics') answerMetrics(render, request, response);
    else {
      const isAlive = path === '/healthz';
      response
        .writeHead(isAlive ? 200 : 404, { 'content-type': 'application/json; charset=utf-8' })
        .end(isAlive ? '{"status":"alive"}' : '{"status":"not found"}');
    }
  });
  const url = await listenOn(server, address, 'METRICS_PORT');
  return {
    url,
    async stop() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
