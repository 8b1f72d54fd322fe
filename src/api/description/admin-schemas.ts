/** JSON Schemas of what administrators are answered. */

import { flag, integer, listOf, object, orNull, ref, text, time } from './schema-parts.ts';

const counts = object(
  Object.fromEntries(
    ['seen', 'added', 'changed', 'unchanged', 'deactivated', 'rejected'].map((name) => [name, integer]),
  ),
);
const countsOrNull = { anyOf: [counts, { type: 'null' }] };

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
