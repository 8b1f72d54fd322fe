/**
 * A mirror of the market: every plan on sale in Texas, kept exact by nothing but the event log.
 *
 *   WATTSYNC_URL=http://localhost:3000 MIRROR_FILE=mirror.json node examples/mirror.ts
 *
 * It may be killed at any time: how far it has read and what it knew then are written in one step. With WEBHOOK_PORT and
 * WEBHOOK_SECRET it also listens for webhooks, and reads on the moment something happened; without them it asks every
 * half a minute. A webhook is a hint and no more: what happened is read from the log, so one that is lost loses nothing.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { ApiError, createClient, type MarketEvent, type PlanFacts } from 'wattsync/client';

const { WATTSYNC_URL = 'http://localhost:3000', MIRROR_FILE = 'mirror.json' } = process.env;
const { WEBHOOK_PORT, WEBHOOK_SECRET } = process.env;
const ASK_EVERY_MS = 30_000;

interface Market {
  /** The version of the plans that is whole. */
  version: number;
  /** By offer, which stays the same through re-pricings and new ids. */
  offers: Record<string, PlanFacts>;
}
interface Mirror {
  /** The last event that is in it. */
  seq: number;
  /** By the DUNS of the TDSP. */
  markets: Record<string, Market>;
}

const client = createClient({ baseUrl: WATTSYNC_URL });
let mirror: Mirror = existsSync(MIRROR_FILE)
  ? JSON.parse(readFileSync(MIRROR_FILE, 'utf8'))
  : { seq: 0, markets: {} };

/** Whole or not at all, whenever the process is killed. */
function save(): void {
  writeFileSync(`${MIRROR_FILE}.new`, JSON.stringify(mirror));
  renameSync(`${MIRROR_FILE}.new`, MIRROR_FILE);
}

function apply(event: MarketEvent): void {
  mirror.markets[event.tdsp_duns] ??= { version: 0, offers: {} };
  const market = mirror.markets[event.tdsp_duns]!;
  switch (event.event) {
    case 'offer_withdrawn':
      delete market.offers[event.offer_id];
      break;
    case 'market_listed':
    case 'delivery_charge_changed':
      // One event for many offers: all of a first snapshot, or those that a new charge of the TDSP moved.
      for (const { offer_id, plan } of event.affected) if (plan) market.offers[offer_id] = plan;
      break;
    case 'snapshot_published':
    case 'snapshot_reverted':
      market.version = event.version;
      break;
    default:
      // A held snapshot, a new name, another source: nothing is on sale for it that was not before.
      if (event.plan && event.offer_id) market.offers[event.offer_id] = event.plan;
  }
  mirror.seq = event.seq;
}

/** Reads the log to its end of now. */
async function catchUp(): Promise<void> {
  for (;;) {
    const { data, meta } = await client.listEvents({
      since: String(mirror.seq),
      include: 'plan',
      limit: 200,
    });
    for (const event of data) apply(event);
    if (data.length > 0) save();
    if (!meta.has_more) return;
  }
}

/** The log no longer reaches back to where we are, or it is that of a database set back to an earlier time. */
async function beginAnew(): Promise<void> {
  // The place in the log first: what happens while plans are read is applied to them afterwards.
  const { meta } = await client.listEvents({ since: new Date().toISOString(), limit: 1 });
  const anew: Mirror = { seq: meta.last_seq, markets: {} };
  for (const { duns, version } of (await client.listTdsps()).data) {
    const market: Market = { version: version ?? 0, offers: {} };
    anew.markets[duns] = market;
    if (version === null) continue;
    for await (const { id } of client.each('listPlans', { tdsp: duns, limit: 200 })) {
      const { bill: _, year: __, quality: ___, ...facts } = (await client.getPlan({ id })).data;
      market.offers[facts.offer_id] = facts;
    }
  }
  mirror = anew;
  save();
}

/** One at a time; what is asked for meanwhile is done right after. */
let reading: Promise<void> = Promise.resolve();
function read(): Promise<void> {
  reading = reading.then(async () => {
    try {
      await catchUp();
    } catch (error) {
      if (error instanceof ApiError && error.problem?.code === 'changes_gone') await beginAnew();
      else console.error(`Trying again later: ${error}`);
    }
  });
  return reading;
}

/** By Standard Webhooks: signed, and not from another time. */
function isSigned(headers: IncomingHttpHeaders, body: string, secret: string): boolean {
  const id = String(headers['webhook-id']);
  const timestamp = Number(headers['webhook-timestamp']);
  if (!(Math.abs(Date.now() / 1_000 - timestamp) < 300)) return false;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const right = Buffer.from(createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64'));
  return String(headers['webhook-signature'])
    .split(' ')
    .some((one) => {
      const given = Buffer.from(one.replace('v1,', ''));
      return given.length === right.length && timingSafeEqual(given, right);
    });
}

if (WEBHOOK_PORT && WEBHOOK_SECRET) {
  createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const isGood = isSigned(request.headers, body, WEBHOOK_SECRET);
      // Taken at once: what takes long is done behind the answer.
      response.writeHead(isGood ? 204 : 401).end();
      if (isGood) void read();
    });
  }).listen(Number(WEBHOOK_PORT), '127.0.0.1');
}
await read();
setInterval(read, ASK_EVERY_MS);
console.log(`Mirrored up to event ${mirror.seq}.`);
