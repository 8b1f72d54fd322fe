/**
 * Sixty clients that do their worst, each from an address of its own: a child process of the topic `strangers`. On the cores
 * they stand behind server and reader, and each asks at most twenty times a second: what is measured is what they do to the
 * server, not that they take its cores.
 */

import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { getPriority, setPriority } from 'node:os';

const CONNECTIONS = 60;
const PACE_MS = 50;
setPriority(Math.min(19, getPriority() + 10));
const [, , base] = process.argv;
const { hostname, port } = new URL(base!);

let seed = 0;
const unseen = () => `${40 + (seed++ % 1_000_000) / 10_000}`;
const pastMoment = () => new Date(Date.now() - 1_000 - (seed++ % 10_000)).toISOString();

/** What a client asks, again and again. */
const MENU: readonly (() => {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
})[] = [
  () => ({ path: `/v1/plans?city=houston-tx&as_of=${pastMoment()}` }),
  () => ({
    path: `/v1/markets/ONCOR/index?by=day&term=${1 + (seed++ % 36)}`,
    headers: { accept: 'text/csv' },
  }),
  () => ({ path: '/v1/markets/ONCOR/changes?since=0&limit=300', headers: { accept: 'text/csv' } }),
  () => ({ path: `/v1/search?q=saver%20${seed++ % 1_000}` }),
  () => ({
    path: `/v1/plans?city=dallas-tx&max_rate=${unseen()}&sort=year&limit=200`,
    headers: { 'accept-encoding': 'br' },
  }),
  () => ({ path: `/v1/plans?city=nowhere${unseen()}` }),
  () => ({ path: `/v1/plans?${'constructor=1&'.repeat(280)}` }),
  () => ({ path: '/openapi.json', headers: { 'accept-encoding': 'br' } }),
  () => ({ path: `/cities/dallas-tx?usage=${300 + (seed++ % 5_000)}`, headers: { accept: 'text/html' } }),
  () => ({ path: '/v1/admin/audit', headers: { authorization: `Bearer guess-${unseen()}` } }),
  () => ({
    path: '/v1/events',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"type":"conversion","city":"blue-ridge-tx"}',
  }),
];

const statuses: Record<string, number> = {};
const count = (what: string | number) => {
  statuses[what] = (statuses[what] ?? 0) + 1;
};

function attack(client: number): void {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const next = () => {
    const earliest = performance.now() + PACE_MS;
    const again = () => setTimeout(next, Math.max(0, earliest - performance.now()));
    const { path, method = 'GET', headers = {}, body } = MENU[seed++ % MENU.length]!();
    const asked = request({
      hostname,
      port,
      path,
      method,
      agent,
      headers: { ...headers, 'x-forwarded-for': `203.0.113.${client}` },
    });
    asked.on('response', (answer) => {
      count(answer.statusCode!);
      answer.resume().on('end', again);
    });
    asked.on('error', () => {
      count('error');
      again();
    });
    asked.end(body);
  };
  next();
}

/** Begins a request and never ends it. */
function dawdle(): void {
  const socket = connect(Number(port), hostname, () =>
    socket.write('GET /v1/plans HTTP/1.1\r\nHost: a\r\nX-Slow: '),
  );
  const drip = setInterval(() => socket.write('x'), 500);
  socket.on('error', () => {}).on('close', () => clearInterval(drip));
}

for (let client = 0; client < CONNECTIONS; client++) client % 10 === 9 ? dawdle() : attack(client);
process.on('message', () => process.send!(statuses, () => process.exit()));
process.send!('begun');
