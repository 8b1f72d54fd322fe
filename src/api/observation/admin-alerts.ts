/** `/v1/admin/alerts`: what fires, and what an operator says about it. For callers with a token. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { errorCode } from '../../errors.ts';
import { readDuration } from '../../monitor/alerts/duration.ts';
import {
  ACK_MS,
  ackAlert,
  listAlerts,
  silenceAlert,
  unackAlert,
  unsilenceAlert,
} from '../../monitor/alerts/list-alerts.ts';
import type { Rules } from '../../monitor/alerts/rules.ts';
import { readAlertEvents } from '../../store/observation/alert-rows.ts';
import { readChannelDeliveries } from '../../store/observation/deliveries.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { writeAudit } from '../../store/queue/audit-log.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { DAY_MS } from '../../units.ts';
import { integer, required, text } from '../params.ts';
import { Problem } from '../problem.ts';
import { type Operation, route } from '../route.ts';

interface AlertParts {
  database: Queryable;
  rules: Rules;
  /** Who gives the order. */
  nameOf(request: FastifyRequest): string;
}

const LONGEST_BODY = 4_096;
const ADMIN = { tag: 'Admin', caching: 'no-store', problems: [] } as const;
const ORDER = { ...ADMIN, role: 'operate', method: 'POST' } as const;

const LIST = {
  ...ADMIN,
  role: 'read',
  method: 'GET',
  id: 'listAlerts',
  path: '/v1/admin/alerts',
  summary: 'What fires, and who knows of it',
  answer: 'Alerts',
  example: {},
} as const satisfies Operation;

const HISTORY = {
  ...ADMIN,
  role: 'read',
  method: 'GET',
  id: 'listAlertEvents',
  path: '/v1/admin/alerts/history',
  summary: 'What fired, resolved, was acknowledged and silenced',
  query: {
    rule: text('Only events of this rule.'),
    days: integer('How many days back; 7 if not given.', 1, 730),
    limit: integer('Most events; 200 if not given.', 1, 1_000),
  },
  answer: 'AlertEvents',
  example: { query: { days: '1' } },
} as const satisfies Operation;

const ACK = {
  ...ORDER,
  id: 'acknowledgeAlert',
  path: '/v1/admin/alerts/ack',
  summary: 'Say that somebody is at it',
  description: 'No reminders until then, or until the alert resolves or worsens.',
  body: { schema: 'AlertAck', maxBytes: LONGEST_BODY },
  answer: 'AlertAcked',
  example: { body: { rule: 'snapshot_held', for: '90m' } },
} as const satisfies Operation;

const UNACK = {
  ...ORDER,
  id: 'unacknowledgeAlert',
  path: '/v1/admin/alerts/unack',
  summary: 'Take acknowledgements back',
  body: { schema: 'AlertUnack', maxBytes: LONGEST_BODY },
  answer: 'AlertsUnacked',
  example: { body: { rule: 'snapshot_held' } },
} as const satisfies Operation;

const SILENCE = {
  ...ORDER,
  id: 'silenceAlert',
  path: '/v1/admin/alerts/silences',
  summary: 'Tell nobody for a while',
  description: 'What still fires at the end of a silence is told again.',
  body: { schema: 'AlertSilence', maxBytes: LONGEST_BODY },
  answer: 'AlertSilenced',
  example: { body: { rule: 'snapshot_held', reason: 'known, it is looked at tomorrow', for: '8h' } },
} as const satisfies Operation;

const UNSILENCE = {
  ...ORDER,
  method: 'DELETE',
  id: 'endAlertSilence',
  path: '/v1/admin/alerts/silences/{id}',
  summary: 'End a silence before its time',
  inPath: { id: required(integer('The number of the silence.', 1, 1e15)) },
  answer: 'AlertSilenceEnded',
  example: { inPath: { id: '1' } },
} as const satisfies Operation;

/** @param routes behind the token already */
export function alertRoutes(routes: FastifyInstance, { database, rules, nameOf }: AlertParts): void {
  const audit = (request: FastifyRequest, action: string, details: Record<string, unknown>) =>
    writeAudit(database, { actor: nameOf(request), action, details });

  route(routes, LIST, async () => {
    const { at, alerts, silences } = await listAlerts(database, rules);
    const channels = await readChannelDeliveries(database);
    return {
      data: alerts,
      silences,
      channels,
      meta: { total: alerts.length, rules: rules.rules.length, at },
    };
  });

  route(routes, HISTORY, async ({ query: { rule, days, limit } }) => {
    const to = await readDatabaseTime(database);
    const from = new Date(to.getTime() - (days ?? 7) * DAY_MS);
    const data = await readAlertEvents(database, { from, to, rule, limit: limit ?? 200 });
    return { data, meta: { total: data.length, from, to } };
  });

  route(routes, ACK, async ({ body, request }) => {
    const { rule, subject = null, note = null } = body;
    const forMs = body.for === undefined ? ACK_MS : readDuration(body.for)!;
    const order = { rule, subject, note, forMs, by: nameOf(request) };
    const acked = await ackAlert(database, rules, order).catch(toProblem);
    await audit(request, 'alert_acknowledged', { rule, subject, until: acked.until });
    return acked;
  });

  route(routes, UNACK, async ({ body: { rule, subject = null }, request }) => {
    const ended = await unackAlert(database, { rule, subject, by: nameOf(request) });
    await audit(request, 'alert_unacknowledged', { rule, subject, ended });
    return { ended };
  });

  route(routes, SILENCE, async ({ body, request }) => {
    const { rule = null, subject = null, reason } = body;
    const order = { rule, subject, reason, forMs: readDuration(body.for)!, by: nameOf(request) };
    const made = await silenceAlert(database, rules, order).catch(toProblem);
    await audit(request, 'alert_silenced', { rule, subject, reason, ...made });
    return made;
  });

  route(routes, UNSILENCE, async ({ path: { id }, request }) => {
    const ended = await unsilenceAlert(database, id!, nameOf(request)).catch(toProblem);
    await audit(request, 'alert_silence_ended', { id });
    return ended;
  });
}

/** @throws always */
function toProblem(error: unknown): never {
  if (errorCode(error) !== 'alert_order_invalid') throw error;
  throw new Problem('invalid_parameter', { detail: (error as Error).message });
}
