/** `/v1/admin/webhooks`: who is told what happens. For callers with a token. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { describeError, errorCode } from '../../errors.ts';
import {
  pauseHook,
  putHook,
  removeHook,
  replayHook,
  resumeHook,
  rotateHook,
  testHook,
  type WebhookOrders,
} from '../../events/webhook-orders.ts';
import type { Sealer } from '../../seal.ts';
import { readDeliveries, readWebhooks } from '../../store/events/webhooks.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import type { Territory } from '../../territory/territory.ts';
import { integer, invalidParameter, required, text } from '../params.ts';
import { Problem } from '../problem.ts';
import { type Operation, route } from '../route.ts';
import { expectTdsp } from './market-params.ts';

interface WebhookParts {
  database: Queryable;
  territory: Territory;
  sealer: Sealer;
  /** Who gives the order. */
  nameOf(request: FastifyRequest): string;
}

const LONGEST_BODY = 8_192;
const DELIVERIES = 20;
const ADMIN = { tag: 'Admin', caching: 'no-store' } as const;
const ONE = {
  ...ADMIN,
  role: 'operate',
  inPath: { name: required(text('Name of a webhook.', 40)) },
  problems: ['unknown_webhook'],
} as const;
const EXAMPLE = { inPath: { name: 'mirror' } };

const PUT = {
  ...ADMIN,
  role: 'operate',
  method: 'POST',
  id: 'putWebhook',
  path: '/v1/admin/webhooks',
  summary: 'Have events sent to an address',
  description:
    'From now on every event that fits is sent there, signed by Standard Webhooks, in the order of the log and at least once: `webhook-id` is the same on every try. A name that is there already gets the new address and filter, keeps its secret and its place, and is active again.',
  body: { schema: 'Webhook', maxBytes: LONGEST_BODY },
  answer: 'WebhookPut',
  problems: ['unknown_tdsp'],
  example: { body: { name: 'mirror', url: 'https://93.184.215.14/wattsync', events: ['offer_repriced'] } },
} as const satisfies Operation;

const LIST = {
  ...ADMIN,
  role: 'read',
  method: 'GET',
  id: 'listWebhooks',
  path: '/v1/admin/webhooks',
  summary: 'Who is told what happens, how far, and how the last deliveries went',
  answer: 'Webhooks',
  problems: [],
  example: {},
} as const satisfies Operation;

const ROTATE = {
  ...ONE,
  method: 'POST',
  id: 'rotateWebhookSecret',
  path: '/v1/admin/webhooks/{name}/rotate',
  summary: 'Give a webhook a new secret',
  description:
    'For a day both secrets sign every message, so that the receiver can change over when it likes.',
  answer: 'WebhookDone',
  example: EXAMPLE,
} as const satisfies Operation;

const TEST = {
  ...ONE,
  method: 'POST',
  id: 'testWebhook',
  path: '/v1/admin/webhooks/{name}/test',
  summary: 'Send a webhook a message of no meaning, at once',
  description: 'The message has the type `test`; `error` says why it was not taken, or is null.',
  answer: 'WebhookDone',
  example: EXAMPLE,
} as const satisfies Operation;

const REPLAY = {
  ...ONE,
  method: 'POST',
  id: 'replayWebhook',
  path: '/v1/admin/webhooks/{name}/replay',
  summary: 'Send everything after an event once more',
  query: { since: required(integer('The `seq` after which all is sent again.', 0, 1e15)) },
  answer: 'WebhookDone',
  example: { ...EXAMPLE, query: { since: '0' } },
} as const satisfies Operation;

const PAUSE = {
  ...ONE,
  method: 'POST',
  id: 'pauseWebhook',
  path: '/v1/admin/webhooks/{name}/pause',
  summary: 'Send nothing there until it is resumed',
  description: 'It keeps its place in the log: when it is resumed, it is told everything since.',
  answer: 'WebhookDone',
  example: EXAMPLE,
} as const satisfies Operation;

const RESUME = {
  ...ONE,
  method: 'POST',
  id: 'resumeWebhook',
  path: '/v1/admin/webhooks/{name}/resume',
  summary: 'Go on sending, also to one that was disabled',
  answer: 'WebhookDone',
  example: EXAMPLE,
} as const satisfies Operation;

const DELETE = {
  ...ONE,
  method: 'DELETE',
  id: 'deleteWebhook',
  path: '/v1/admin/webhooks/{name}',
  summary: 'Send nothing there any more',
  answer: 'WebhookDone',
  example: EXAMPLE,
} as const satisfies Operation;

export function webhookRoutes(app: FastifyInstance, parts: WebhookParts): void {
  const { database, territory, sealer, nameOf } = parts;
  const orders = (request: FastifyRequest): WebhookOrders => ({ database, sealer, by: nameOf(request) });
  const expectDone = (isThere: boolean, name: string) => {
    if (isThere) return;
    throw new Problem('unknown_webhook', {
      detail: `There is no webhook "${name}". See GET /v1/admin/webhooks.`,
    });
  };

  route(app, PUT, async ({ body, request }) => {
    const { name, url, events, tdsps, provider, offer, min_change } = body;
    const filter = {
      tdsps: tdsps ? tdsps.map((one) => expectTdsp(territory, one).duns) : null,
      kinds: events ?? null,
      provider_id: provider ?? null,
      offer_id: offer ?? null,
      minChange: min_change ?? null,
    };
    const hook = { name, url, filter, with_plans: body.include_plan ?? false };
    const { seq, secret } = await putHook(orders(request), hook).catch((error) => {
      if (errorCode(error) !== 'delivery_failed') throw error;
      throw invalidParameter('url', describeError(error));
    });
    return { name, seq, ...(secret !== null && { secret }) };
  });

  route(app, LIST, async () => {
    const hooks = await readWebhooks(database);
    const data = await Promise.all(
      hooks.map(async ({ name, url, filter, with_plans, seq, state, why_disabled, ...hook }) => ({
        name,
        host: new URL(url).host,
        filter,
        include_plan: with_plans,
        seq,
        state,
        why_disabled,
        created_at: hook.created_at,
        created_by: hook.created_by,
        failures: hook.failures,
        failing_since: hook.failing_since,
        next_at: hook.next_at,
        deliveries: await readDeliveries(database, name, DELIVERIES),
      })),
    );
    return { data };
  });

  route(app, ROTATE, async ({ path: { name }, request }) => {
    const secret = await rotateHook(orders(request), name);
    expectDone(secret !== null, name);
    return { name, done: 'rotated', secret };
  });

  route(app, TEST, async ({ path: { name } }) => {
    const tested = await testHook({ database, sealer }, name);
    expectDone(tested !== null, name);
    return { name, done: 'tested', error: tested!.error };
  });

  route(app, REPLAY, async ({ path: { name }, query: { since }, request }) => {
    expectDone(await replayHook(orders(request), name, since), name);
    return { name, done: 'replayed' };
  });

  route(app, PAUSE, async ({ path: { name }, request }) => {
    expectDone(await pauseHook(orders(request), name), name);
    return { name, done: 'paused' };
  });

  route(app, RESUME, async ({ path: { name }, request }) => {
    expectDone(await resumeHook(orders(request), name), name);
    return { name, done: 'resumed' };
  });

  route(app, DELETE, async ({ path: { name }, request }) => {
    expectDone(await removeHook(orders(request), name), name);
    return { name, done: 'deleted' };
  });
}
