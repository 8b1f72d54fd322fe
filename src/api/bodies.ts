/**
 * JSON bodies of requests, described with zod; what is wrong with one is told field by field. Loaded with the first
 * request that has a body: the start of the program and all reads do without zod.
 */

import { z } from 'zod';
import { DEMAND_EVENTS, type DemandEvent } from '../planning/demand-recorder.ts';
import { invalidParameters } from './params.ts';

const EVENTS = Object.keys(DEMAND_EVENTS) as [DemandEvent, ...DemandEvent[]];

export const EVENT_BODY = z.strictObject({
  type: z.enum(EVENTS),
  city: z.string().min(1).max(100),
});

export const SYNC_BODY = z.strictObject({
  kind: z.enum(['priority', 'full', 'city', 'emergency']),
  cities: z.array(z.string().min(1).max(100)).min(1).max(1_000).optional(),
  force: z.boolean().optional(),
});
export type SyncBody = z.infer<typeof SYNC_BODY>;

/** One line, because terminals show it: control characters become blanks, and so does NUL, which PostgreSQL refuses. */
const LINE = z
  .string()
  .max(500)
  .transform((text) => text.replace(/\p{Cc}+/gu, ' '));

export const ORDER_BODY = z.strictObject({ reason: LINE.optional() });

/** @throws {Problem} `invalid_parameter` with every field at fault, unknown fields included */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const read = schema.safeParse(body ?? {});
  if (read.success) return read.data;
  throw invalidParameters(
    read.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message })),
  );
}
