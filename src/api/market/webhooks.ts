/** `/v1/admin/webhooks`: who is told what happens. For callers with a token. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { expectWebhookUrl, openAddress } from '../../delivery/guarded-address.ts';
import { newWebhookSecret } from '../../delivery/signed-webhook.ts';
import { describeError, errorCode } from '../../errors.ts';
import { sendTo } from '../../events/webhook-sender.ts';
import {
  deleteWebhook,
  putWebhook,
  readDeliveries,
  readWebhooks,
  rewindWebhook,
  rotateSecret,
} from '../../store/events/webhooks.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { writeAudit } from '../../store/queue/audit-log.ts';
import type { Territory } from '../../territory/territory.ts';
import { integer, invalidParameter, required, text } from '../params.ts';
import { Problem } from '../problem.ts';
import { type Operation, route } from '../route.ts';
import { expectTdsp } from './market-params.ts';

interface WebhookParts {
  database: Queryable;
  territory: Territory;
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

const DELETE = {
  ...ONE,
  method: 'DELETE',
  id: 'deleteWebhook',
  path: '/v1/admin/webhooks/{name}',
  summary: 'Send nothing there any more',
  answer: 'WebhookDone',
  example: EXAMPLE,
} as const satisfies Operation;

export function webhookRoutes(app: FastifyInstance, { database, territory, nameOf }: WebhookParts): void {
  const audit = (request: FastifyRequest, action: string, details: Record<string, unknown>) =>
    writeAudit(database, { actor: nameOf(request), action, details });
  const expectDone = (isThere: boolean, name: string) => {
    if (isThere) return;
    throw new Problem('unknown_webhook', {
      detail: `There is no webhook "${name}". See GET /v1/admin/webhooks.`,
    });
  };

  route(app, PUT, async ({ body, request }) => {
    const { name, events, tdsps, provider, offer, min_change } = body;
    const url = await expectOpen(body.url);
    const secret = newWebhookSecret();
    const filter = {
      tdsps: tdsps ? tdsps.map((one) => expectTdsp(territory, one).duns) : null,
      kinds: events ?? null,
      provider_id: provider ?? null,
      offer_id: offer ?? null,
      minChange: min_change ?? null,
    };
    const { isNew, seq } = await putWebhook(database, {
      name,
      url: url.href,
      secret,
      filter,
      with_plans: body.include_plan ?? false,
      created_by: nameOf(request),
    });
    await audit(request, 'webhook_put', { name, host: url.host, filter });
    return { name, seq, ...(isNew && { secret }) };
  });

  route(app, LIST, async () => {
    const hooks = await readWebhooks(database);
    const data = await Promise.all(
      hooks.map(async ({ url, secret: _, old_secret: __, with_plans, ...hook }) => ({
        ...hook,
        host: new URL(url).host,
        include_plan: with_plans,
        deliveries: await readDeliveries(database, hook.name, DELIVERIES),
      })),
    );
    return { data };
  });

  route(app, ROTATE, async ({ path: { name }, request }) => {
    const secret = newWebhookSecret();
    expectDone(await rotateSecret(database, name, secret), name);
    await audit(request, 'webhook_rotated', { name });
    return { name, done: 'rotated', secret };
  });

  route(app, TEST, async ({ path: { name } }) => {
    const [hook] = await readWebhooks(database, name);
    expectDone(hook !== undefined, name);
    const id = `test_${Date.now()}`;
    const error = await sendTo(hook!, id, { event: 'test' }).then(() => null, describeError);
    return { name, done: 'tested', error };
  });

  route(app, REPLAY, async ({ path: { name }, query: { since }, request }) => {
    expectDone(await rewindWebhook(database, name, since), name);
    await audit(request, 'webhook_replayed', { name, since });
    return { name, done: 'replayed' };
  });

  route(app, DELETE, async ({ path: { name }, request }) => {
    expectDone(await deleteWebhook(database, name), name);
    await audit(request, 'webhook_deleted', { name });
    return { name, done: 'deleted' };
  });
}

/** @throws {Problem} it leads inside. A name that is not known yet is taken: it is looked at before every connection. */
async function expectOpen(given: string): Promise<URL> {
  try {
    const url = expectWebhookUrl(given);
    await openAddress(url).catch((error) => {
      if (errorCode(error) === 'delivery_failed') throw error;
    });
    return url;
  } catch (error) {
    throw invalidParameter('url', describeError(error));
  }
}
