/** `/v1/admin/alerts`: what fires, and what an operator says about it. For callers with the token. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { errorCode } from '../../errors.ts';
import {
  ACK_MS,
  ackAlert,
  listAlerts,
  silenceAlert,
  unackAlert,
  unsilenceAlert,
} from '../../monitor/alerts/list-alerts.ts';
import { DURATION_TEXT, readDuration, type Rules } from '../../monitor/alerts/rules.ts';
import { readAlertEvents } from '../../store/observation/alert-rows.ts';
import { readChannelDeliveries } from '../../store/observation/deliveries.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { DAY_MS } from '../../units.ts';
import { readBody } from '../bodies.ts';
import { integer, invalidParameters, type RawQuery, readParams, text } from '../params.ts';
import { Problem } from '../problem.ts';

export interface AlertParts {
  database: Queryable;
  rules: Rules;
  /** Who gives the orders. */
  by: string;
  audit(action: string, details: Record<string, unknown>): Promise<void>;
}

const duration = z.string().transform((given, context) => {
  const ms = readDuration(given);
  if (ms !== null) return ms;
  context.addIssue({ code: 'custom', message: `expected ${DURATION_TEXT}, got "${given}"` });
  return z.NEVER;
});
const subject = z.string().max(200).nullable().default(null);
const ACK_BODY = z.strictObject({
  rule: z.string(),
  subject,
  note: z.string().max(500).nullable().default(null),
  for: duration.optional(),
});
const UNACK_BODY = z.strictObject({ rule: z.string(), subject });
const SILENCE_BODY = z.strictObject({
  rule: z.string().nullable().default(null),
  subject,
  reason: z.string().min(1).max(500),
  for: duration,
});

const HISTORY_PARAMS = {
  rule: text('Only events of this rule.'),
  days: integer('How many days back; 7 if not given.', 1, 730),
  limit: integer('Most events; 200 if not given.', 1, 1_000),
};

/** @param routes behind the token already */
export function adminAlertRoutes(routes: FastifyInstance, parts: AlertParts): void {
  const { database, rules, by, audit } = parts;

  routes.get('/v1/admin/alerts', async () => {
    const { at, alerts, silences } = await listAlerts(database, rules);
    const channels = await readChannelDeliveries(database);
    return { data: alerts, silences, channels, rules: rules.rules, meta: { total: alerts.length, at } };
  });

  routes.get('/v1/admin/alerts/history', async (request) => {
    const { rule, days, limit } = readParams(HISTORY_PARAMS, request.query as RawQuery);
    const to = await readDatabaseTime(database);
    const from = new Date(to.getTime() - (days ?? 7) * DAY_MS);
    const data = await readAlertEvents(database, { from, to, rule, limit: limit ?? 200 });
    return { data, meta: { total: data.length, from, to } };
  });

  routes.post('/v1/admin/alerts/ack', async (request) => {
    const { for: forMs = ACK_MS, ...order } = readBody(ACK_BODY, request.body);
    const acked = await ackAlert(database, rules, { ...order, by, forMs }).catch(toProblem);
    await audit('alert_acknowledged', { rule: order.rule, subject: order.subject, until: acked.until });
    return acked;
  });

  routes.delete('/v1/admin/alerts/ack', async (request) => {
    const order = readBody(UNACK_BODY, request.body);
    const ended = await unackAlert(database, { ...order, by });
    await audit('alert_unacknowledged', { ...order, ended });
    return { ended };
  });

  routes.post('/v1/admin/alerts/silences', async (request, reply) => {
    const { for: forMs, ...order } = readBody(SILENCE_BODY, request.body);
    const made = await silenceAlert(database, rules, { ...order, by, forMs }).catch(toProblem);
    await audit('alert_silenced', { ...order, ...made });
    return reply.code(201).send(made);
  });

  routes.delete('/v1/admin/alerts/silences/:id', async (request) => {
    const { id } = request.params as { id: string };
    if (!/^\d{1,15}$/.test(id)) {
      throw invalidParameters([{ field: 'id', message: `expected the number of a silence, got "${id}"` }]);
    }
    const ended = await unsilenceAlert(database, Number(id), by).catch(toProblem);
    await audit('alert_silence_ended', { id: Number(id) });
    return ended;
  });
}

/** @throws always */
function toProblem(error: unknown): never {
  if (errorCode(error) !== 'alert_order_invalid') throw error;
  throw new Problem('invalid_parameter', { detail: (error as Error).message });
}
