/**
 * JSON bodies of requests: described with zod, read by it and documented from it. Loaded with the first request that
 * has a body: the start of the program and all reads do without zod.
 */

import { z } from 'zod';
import { DURATION_TEXT } from '../monitor/alerts/duration.ts';
import { EVENT_KINDS } from '../plan/events/market-event.ts';
import { DEMAND_EVENTS, type DemandEvent } from '../planning/demand-recorder.ts';
import { invalidParameters } from './params.ts';

const EVENTS = Object.keys(DEMAND_EVENTS) as [DemandEvent, ...DemandEvent[]];

const PLACE_NAME = z.string().min(1).max(100);

/** One line, because terminals show it: control characters become blanks, and so does NUL, which PostgreSQL refuses. */
const LINE = z
  .string()
  .max(500)
  .transform((text) => text.replace(/\p{Cc}+/gu, ' '));

const SUBJECT = z.string().max(200).optional().describe('One subject of the rule; left out, all of them');
const DURATION = z.string().regex(/^\d{1,6}[smhd]$/, `expected ${DURATION_TEXT}`);

export const BODIES = {
  Event: z.strictObject({
    type: z.enum(EVENTS).describe('What a shopper did: looked, left an address, or signed up'),
    city: PLACE_NAME.describe('Slug or name of a city with retail choice'),
  }),
  SyncRequest: z.strictObject({
    kind: z
      .enum(['priority', 'full', 'city', 'emergency'])
      .describe('What is synced: what priority cities need, what all need, or what the named cities need'),
    cities: z
      .array(PLACE_NAME)
      .min(1)
      .max(1_000)
      .optional()
      .describe('Slugs, names or ZIP codes; needed with the kinds `city` and `emergency`, and only there'),
    force: z
      .boolean()
      .optional()
      .describe('Even where plans are fresh; true with the kind `emergency` if not given'),
  }),
  AlertAck: z.strictObject({
    rule: z.string().max(60).describe('The rule, as in the list of alerts'),
    subject: SUBJECT,
    note: LINE.optional().describe('What others should know'),
    for: DURATION.optional().describe('How long, such as `90m`; four hours if not given'),
  }),
  AlertUnack: z.strictObject({ rule: z.string().max(60), subject: SUBJECT }),
  AlertSilence: z.strictObject({
    rule: z.string().max(60).optional().describe('The rule; left out, every rule for the subject'),
    subject: SUBJECT,
    reason: LINE.describe('Why nobody is to be told'),
    for: DURATION.describe('How long, such as `2h`; thirty days at most'),
  }),
  Webhook: z.strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and hyphens, 40 at most'),
    url: z.string().max(2_000).describe('https, a host on the open internet'),
    events: z.array(z.enum(EVENT_KINDS)).min(1).optional().describe('Kinds of events; all if not given'),
    tdsps: z.array(z.string().max(20)).min(1).optional().describe('DUNS or codes; all if not given'),
    provider: z.string().max(100).optional().describe('Only what concerns this provider, by its id'),
    offer: z.uuid().optional().describe('Only what concerns this offer'),
    min_change: z.number().min(0).max(99).optional().describe('Cents per kWh at 1,000 kWh, up or down'),
    include_plan: z.boolean().optional().describe('With the plan as it was after the event'),
  }),
  Order: z.strictObject({ reason: LINE.optional().describe('Why, for the audit log and for `sync:status`') }),
};
export type BodyOf<Name extends keyof typeof BODIES> = z.infer<(typeof BODIES)[Name]>;
export type SyncBody = BodyOf<'SyncRequest'>;

/** @throws {Problem} `invalid_parameter` with the fields at fault, unknown fields included */
export function readBody<Name extends keyof typeof BODIES>(name: Name, body: unknown): BodyOf<Name> {
  const read = BODIES[name].safeParse(body ?? {});
  if (read.success) return read.data as BodyOf<Name>;
  throw invalidParameters(
    read.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message })),
  );
}

/** JSON Schemas of what bodies may be, by name. */
export const bodySchemas = (): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(BODIES).map(([name, schema]) => {
      const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: 'input' });
      return [name, json];
    }),
  );
