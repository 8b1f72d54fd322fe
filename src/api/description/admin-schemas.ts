/** JSON Schemas of what administrators are answered. */

import { flag, integer, listOf, object, orNull, ref, text, time } from './schema-parts.ts';

const counts = object(
  Object.fromEntries(
    ['seen', 'added', 'changed', 'unchanged', 'deactivated', 'rejected'].map((name) => [name, integer]),
  ),
);
const countsOrNull = { anyOf: [counts, { type: 'null' }] };

const silence = object({
  id: integer,
  rule: orNull('string', { description: 'Null: every rule, for this subject' }),
  subject: orNull('string', { description: 'Null: everything of this rule' }),
  begins_at: time,
  until: time,
  by: text,
  reason: text,
  ended_at: orNull('string', { format: 'date-time' }),
  ended_by: orNull('string'),
});
const severity = { type: 'string', enum: ['ticket', 'page'] };
const timeOrNull = orNull('string', { format: 'date-time' });

export const ALERT_SCHEMAS = {
  Alerts: object({
    data: listOf(ref('Alert')),
    silences: listOf(silence),
    channels: listOf(
      object({
        channel: text,
        messages: { ...integer, description: 'Within a day' },
        delivered: integer,
        given_up: integer,
        waiting: integer,
        failing: integer,
        last_at: timeOrNull,
        last_took_ms: orNull('integer'),
        last_attempts: orNull('integer'),
        last_state: orNull('string'),
        last_error: orNull('string'),
      }),
    ),
    meta: object({ total: integer, rules: integer, at: time }),
  }),
  Alert: object({
    rule: text,
    subject: { ...text, description: 'Empty where the rule does not tell subjects apart' },
    title: text,
    group: text,
    state: { type: 'string', enum: ['pending', 'firing', 'resolved'] },
    display: {
      type: 'string',
      enum: ['firing', 'acknowledged', 'silenced', 'follows', 'pending', 'resolved'],
    },
    severity,
    value: orNull('number'),
    reading: text,
    since: time,
    fired_at: timeOrNull,
    clear_since: timeOrNull,
    resolved_at: timeOrNull,
    told_at: timeOrNull,
    follows: orNull('string', { description: 'The rule it follows from, and is held back for' }),
    acked_by: orNull('string'),
    acked_at: timeOrNull,
    acked_until: timeOrNull,
    ack_note: orNull('string'),
    runbook: text,
    silence: {
      anyOf: [object({ id: integer, by: text, until: time, reason: text }), { type: 'null' }],
    },
  }),
  AlertEvents: object({
    data: listOf(
      object({
        id: integer,
        at: time,
        rule: text,
        subject: text,
        event: text,
        severity,
        reading: text,
        by: orNull('string'),
        note: orNull('string'),
        until: timeOrNull,
      }),
    ),
    meta: object({ total: integer, from: time, to: time }),
  }),
  AlertAcked: object({
    until: time,
    alerts: listOf(object({ rule: text, subject: text, severity, reading: text })),
  }),
  AlertsUnacked: object({ ended: integer }),
  AlertSilenced: object({ id: integer, until: time }),
  AlertSilenceEnded: silence,
};

export const ADMIN_SCHEMAS = {
  EventCounted: object({ status: { const: 'counted' } }),
  SyncAsked: object({ run_id: { ...integer, description: 'To be followed at /v1/admin/runs/{id}' } }),
  ControlChanged: object({
    state: { type: 'string', enum: ['running', 'stopped'] },
    changed: { ...flag, description: 'False where it was so already' },
  }),
  SyncHalted: object({
    state: { const: 'emergency' },
    changed: { ...flag, description: 'False in an emergency that was declared before' },
    cancelled_runs: listOf(integer),
    cancelled_tdsps: integer,
    cut_off: { ...integer, description: 'Connections cut off because their process held up the emergency' },
  }),
  CacheCleared: object({ status: { const: 'cleared' }, tdsps: listOf(text) }),
  Audit: object({
    data: listOf(
      object({
        at: time,
        actor: text,
        action: text,
        details: { type: 'object', description: 'What was asked for; its fields depend on the action' },
      }),
    ),
    meta: object({ total: integer }),
  }),
  RunAnswer: object({ data: ref('Run') }),
  Run: object({
    id: integer,
    kind: text,
    status: {
      type: 'string',
      enum: ['queued', 'running', 'succeeded', 'partial', 'failed', 'stopped', 'cancelled'],
    },
    source: text,
    requested: object({ cities: listOf(text), tdsps: listOf(text) }),
    is_forced: flag,
    requested_at: time,
    requested_by: text,
    reason: orNull('string'),
    started_at: orNull('string', { format: 'date-time', description: 'Null until a worker has begun' }),
    finished_at: orNull('string', { format: 'date-time' }),
    api_calls: integer,
    plans: countsOrNull,
    errors: listOf(object({ tdsp_duns: text, code: text, message: text })),
    results: listOf(
      object({
        tdsp_duns: text,
        status: {
          type: 'string',
          enum: ['published', 'unchanged', 'fresh', 'shared', 'held', 'failed', 'stopped'],
        },
        plans: countsOrNull,
        version: orNull('integer'),
        error_code: orNull('string'),
        message: orNull('string'),
        duration_ms: integer,
        finished_at: time,
      }),
    ),
    claimed: { ...listOf(text), description: 'TDSPs that are being worked on' },
    waiting: {
      ...listOf(object({ tdsp_duns: text, not_before: orNull('string', { format: 'date-time' }) })),
      description: 'TDSPs that wait, and until when where they may not begin before',
    },
  }),
};
