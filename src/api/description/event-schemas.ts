/** JSON Schemas of market events: one for each kind, the same in the feed, the stream and webhooks. */

import { CAUSES, EVENT_KINDS, type EventKind, GONE_REASONS } from '../../plan/events/market-event.ts';
import {
  flag,
  integer,
  links,
  listOf,
  object,
  orNull,
  ref,
  type Schema,
  text,
  time,
} from './schema-parts.ts';

const nothing = { type: 'null' };
const change = object({ field: text, from: {}, to: {} });
const replaced = {
  oneOf: [object({ plan_id: text, external_id: text }), nothing],
  description: 'The plan that carried the offer until then: its id is gone',
};
const planThen = {
  oneOf: [ref('PlanFacts'), nothing],
  description: 'With `include=plan`: the plan as it was after the event; null where there is none',
};
const affected = object(
  {
    offer_id: text,
    plan_id: text,
    external_id: text,
    provider_id: text,
    changes: listOf(change),
    replaces: replaced,
    plan: planThen,
  },
  ['plan'],
);
const yearCost = object({
  from_usd: orNull('number'),
  to_usd: orNull('number'),
  exact: { ...flag, description: 'Both are known, neither is an estimate' },
});
const snapshot = {
  passed_as: { type: 'string', enum: ['judged', 'overridden', 'reverted', 'outlasted'] },
  plans: integer,
  added: integer,
  changed: integer,
  withdrawn: integer,
  rejected: integer,
};
const named = object({ from: text, to: text });

const DETAILS: Partial<Record<EventKind, Schema>> = {
  market_listed: object({ offers: integer }),
  offer_withdrawn: object({
    reason: {
      type: 'string',
      enum: GONE_REASONS,
      description:
        '`withdrawn`: the upstream lists it no more; `source_changed`: the plans of another upstream stand in its place; `merged`: its upstream id goes on as the offer `into`, which was known before; `replaced`: its upstream id is another, new product',
    },
    into: orNull('string'),
    last_version: { ...integer, description: 'The last version that had it' },
  }),
  delivery_charge_changed: object({
    shift_cents_per_kwh: { ...ref('Rates'), description: 'The middle one of the affected offers' },
    offers: integer,
  }),
  provider_renamed: named,
  source_changed: named,
  snapshot_published: object(snapshot),
  snapshot_reverted: object({ ...snapshot, to_version: orNull('integer') }),
  snapshot_held: object({ broken: listOf(object({ rule: text, reading: text, limit: text })) }),
};

function eventSchema(kind: EventKind): Schema {
  const isOffer = kind.startsWith('offer_');
  const id = isOffer ? text : nothing;
  return object(
    {
      seq: { ...integer, description: 'The place in the log: one more than that of the event before' },
      event: { const: kind },
      cause: { type: 'string', enum: CAUSES },
      at: time,
      tdsp_duns: text,
      version: kind === 'snapshot_held' ? nothing : integer,
      offer_id: id,
      plan_id: id,
      external_id: id,
      provider:
        isOffer || kind === 'provider_renamed' ? object({ id: text, name: orNull('string') }) : nothing,
      name: isOffer ? orNull('string') : nothing,
      term_months: isOffer ? orNull('integer') : nothing,
      changes: listOf(change),
      replaces: isOffer ? replaced : nothing,
      rate_change_cents_per_kwh: orNull('number', { description: 'At 1,000 kWh a month' }),
      year_costs:
        kind === 'offer_repriced'
          ? {
              oneOf: [{ type: 'object', additionalProperties: yearCost }, nothing],
              description: 'USD a year before and after, by usage profile',
            }
          : nothing,
      affected: kind === 'delivery_charge_changed' || kind === 'market_listed' ? listOf(affected) : nothing,
      details: DETAILS[kind] ?? nothing,
      evidence: object({
        upstream: orNull('string'),
        observed_at: orNull('string'),
        payload_hash: orNull('string', { description: 'SHA-256 of what the upstream sent' }),
        set_hash: orNull('string', { description: 'SHA-256 over all plans of the version' }),
        run_id: orNull('integer'),
      }),
      plan: planThen,
    },
    ['plan'],
  );
}

/** `offer_repriced` is `OfferRepricedEvent`. */
const nameOf = (kind: EventKind): string =>
  `${kind.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())}Event`;

/** What a document of its own says of an event: the same schemas, where they are found in it. */
export function eventsSchemaDocument(schemas: Readonly<Record<string, unknown>>): object {
  const names = new Set<string>();
  const visit = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    for (const [, other] of JSON.stringify(schemas[name]).matchAll(/#\/components\/schemas\/(\w+)"/g))
      visit(other!);
  };
  visit('MarketEvent');
  const defs = JSON.stringify(Object.fromEntries([...names].map((name) => [name, schemas[name]])));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: '/schemas/events.json',
    title: 'A market event',
    description:
      'One shape for `/v1/changes`, the `data` of `/v1/stream`, the `data` of webhooks, and the export of events.',
    $ref: '#/$defs/MarketEvent',
    $defs: JSON.parse(defs.replaceAll('#/components/schemas/', '#/$defs/')),
  };
}

const told = (description: string): Schema => ({ type: 'string', description });

export const EVENT_SCHEMAS = {
  EventStream: told(
    'Server-sent events: `id` is the `seq`, `event` the kind, `data` a `MarketEvent` as JSON on one line (schema: `/schemas/events.json`); `resync` where what was missed cannot be told',
  ),
  AtomFeed: told('Atom (RFC 4287), the newest entry first'),
  JsonFeed: object({
    version: { const: 'https://jsonfeed.org/version/1.1' },
    title: text,
    home_page_url: text,
    feed_url: text,
    items: listOf(object({ id: text, url: text, title: text, content_text: text, date_published: time })),
  }),
  EventSchema: { type: 'object', description: 'A JSON Schema (2020-12)' },
  ...Object.fromEntries(EVENT_KINDS.map((kind) => [nameOf(kind), eventSchema(kind)])),
  MarketEvent: {
    oneOf: EVENT_KINDS.map((kind) => ref(nameOf(kind))),
    discriminator: {
      propertyName: 'event',
      mapping: Object.fromEntries(EVENT_KINDS.map((kind) => [kind, `#/components/schemas/${nameOf(kind)}`])),
    },
  },
  WebhookPut: object(
    {
      name: text,
      seq: { ...integer, description: 'It is told what happens after this event' },
      secret: { ...text, description: 'Told this once: `whsec_` and base64, as Standard Webhooks writes it' },
    },
    ['secret'],
  ),
  WebhookDone: object({ name: text, done: text, secret: text, error: orNull('string') }, ['secret', 'error']),
  Webhooks: object({
    data: listOf(
      object({
        name: text,
        host: { ...text, description: 'Of its address; the rest may hold a secret' },
        filter: { type: 'object' },
        include_plan: flag,
        seq: { ...integer, description: 'Of the last event it was told' },
        state: { type: 'string', enum: ['active', 'paused', 'disabled'] },
        why_disabled: orNull('string'),
        created_at: time,
        created_by: text,
        failures: { ...integer, description: 'In a row' },
        failing_since: orNull('string', { format: 'date-time' }),
        next_at: { ...time, description: 'When it is looked at next, where there is something for it' },
        deliveries: listOf(object({ message_id: text, at: time, took_ms: integer, error: orNull('string') })),
      }),
    ),
  }),
  ExportList: object({
    data: listOf(
      object(
        {
          name: {
            ...text,
            description: 'Of a day, `2026-11-28`, or a month, `2026-11`',
            examples: ['2026-11-28'],
          },
          title: text,
          until: { ...time, description: 'What happened later is not in it' },
          notice: text,
          descriptor: { ...text, description: 'Its Frictionless data package' },
          files: listOf(
            object({
              table: { type: 'string', enum: ['plans', 'events', 'rate-index', 'history'] },
              format: { type: 'string', enum: ['csv', 'jsonl', 'parquet'] },
              link: text,
              bytes: integer,
              sha256: text,
              rows: integer,
            }),
          ),
        },
        ['notice'],
      ),
    ),
    links: links('next'),
  }),
  EventList: object({
    data: listOf(ref('MarketEvent')),
    meta: object(
      {
        last_seq: { ...integer, description: 'Of the last event there is' },
        kept_after_seq: { ...integer, description: 'Events up to this one are past their time and gone' },
        has_more: { ...flag, description: 'Whether `links.next` brings more at once' },
        upstream: text,
        notice: text,
      },
      ['upstream', 'notice'],
    ),
    links: object({
      next: { ...text, description: 'At the end, too: there it brings what happens from now on' },
    }),
  }),
} as const;
