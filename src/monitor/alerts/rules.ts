/** The rules of the alerts: one file, checked whole before anything is evaluated. */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { WattsyncError } from '../../errors.ts';
import { SEVERITIES, type Severity } from '../../store/observation/alert-rows.ts';
import { DURATION_TEXT, readDuration } from './duration.ts';

/** The file of the rules cannot be used. Names every place at fault. */
class RulesError extends WattsyncError {
  readonly code = 'alert_rules_invalid';
  readonly retryable = false;
}

const SIGNALS = [
  'plan_age',
  'freshness_burn_fast',
  'freshness_burn_slow',
  'circuit_open',
  'key_refused',
  'calls_last_hour',
  'budget_share',
  'certificate_days',
  'fields_changed',
  'unknown_tdu',
  'plans_by_place',
  'refresh_fell_back',
  'sync_failures',
  'held',
  'rejected_share',
  'dead_letters',
  'queue_wait',
  'scheduler_silent',
  'stopped_for',
  'hit_rate',
  'cached_p99',
  'failed_answers',
  'postgres_away',
  'query_mean',
  'disk_used',
  'replica_lag',
  'redis_away',
  'process_silent',
  'loop_silent',
  'loop_lag',
  'clock_skew',
  'channel_failing',
  'webhooks_disabled',
] as const;
export type SignalName = (typeof SIGNALS)[number];

export const CHANNELS = ['log', 'webhook', 'slack', 'email'] as const;
export type ChannelName = (typeof CHANNELS)[number];

const duration = z.string().transform((text, context) => {
  const ms = readDuration(text);
  if (ms !== null) return ms;
  context.addIssue({ code: 'custom', message: `expected ${DURATION_TEXT}, got "${text}"` });
  return z.NEVER;
});

const severity = z.enum(SEVERITIES);
const id = z.string().regex(/^[a-z][a-z0-9_]{2,59}$/, 'expected lower-case words joined by "_"');

const rule = z.strictObject({
  id,
  title: z.string().min(3).max(80),
  group: z.enum(['freshness', 'upstream', 'syncs', 'answers', 'database', 'fleet']),
  signal: z.enum(SIGNALS),
  /** Of the signal plan_age. */
  tier: z.int().min(1).max(3).optional(),
  unit: z.string(),
  fires: z.number(),
  clears: z.number(),
  for: duration,
  clear_for: duration.default(0),
  severity,
  worsens: z.number().optional(),
  follows: z.array(id).default([]),
  no_data: z.enum(['ok', 'fire', 'keep']).default('ok'),
});

const rulesFile = z.strictObject({
  remind: z.strictObject({ page: duration, ticket: duration }),
  channels: z.strictObject({ log: severity, webhook: severity, slack: severity, email: severity }),
  rules: z.array(rule).min(1),
});

export type Rule = z.infer<typeof rule>;
export type Rules = z.infer<typeof rulesFile>;

const RULES_FILE = new URL('../../../data/alerts.yaml', import.meta.url);

/** @throws {RulesError} it cannot be read, is not YAML, or is not what it should be */
export function readRules(file: URL | string = RULES_FILE): Rules {
  const name = file instanceof URL ? 'data/alerts.yaml' : file;
  let given: unknown;
  try {
    given = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new RulesError(`The alert rules in ${name} cannot be read. Correct the file or ALERTS_FILE.`, {
      cause,
    });
  }
  const read = rulesFile.safeParse(given);
  const problems = read.success
    ? contradictions(read.data)
    : read.error.issues.map(({ path, message }) => `${placeOf(given, path)}: ${message}`);
  if (!read.success || problems.length > 0) {
    throw new RulesError(`The alert rules in ${name} have mistakes:\n  ${problems.join('\n  ')}`);
  }
  return read.data;
}

/** `rules.hit_rate_low.fires` rather than `rules.19.fires`. */
function placeOf(given: unknown, path: readonly PropertyKey[]): string {
  const [list, at, ...rest] = path;
  const named = (given as { rules?: { id?: unknown }[] })?.rules?.[Number(at)]?.id;
  return list === 'rules' && typeof named === 'string' ? ['rules', named, ...rest].join('.') : path.join('.');
}

/** What no rule shows by itself. */
function contradictions({ rules }: Rules): string[] {
  const ids = rules.map(({ id }) => id);
  const found = ids
    .filter((id, at) => ids.indexOf(id) !== at)
    .map((id) => `rules.${id}: there are two rules of this name`);
  for (const { id, fires, clears, worsens, follows, signal, tier } of rules) {
    if (fires === clears) {
      found.push(
        `rules.${id}.clears: expected another value than fires (${fires}), so that it does not waver`,
      );
    }
    if (worsens !== undefined && (fires > clears ? worsens <= fires : worsens >= fires)) {
      found.push(`rules.${id}.worsens: expected a value beyond fires (${fires}), got ${worsens}`);
    }
    if ((signal === 'plan_age') !== (tier !== undefined)) {
      found.push(`rules.${id}.tier: belongs to the signal plan_age, and to it alone`);
    }
    for (const other of follows) {
      if (!ids.includes(other)) found.push(`rules.${id}.follows: there is no rule "${other}"`);
      if (other === id) found.push(`rules.${id}.follows: a rule cannot follow from itself`);
    }
  }
  for (const { id } of rules) {
    if (causesOf(rules, id).has(id))
      found.push(`rules.${id}.follows: it follows from itself by way of others`);
  }
  return found;
}

/** Everything a rule follows from, by way of others too. */
function causesOf(rules: readonly Rule[], id: string, seen = new Set<string>()): Set<string> {
  for (const cause of rules.find((one) => one.id === id)?.follows ?? []) {
    if (seen.has(cause)) continue;
    seen.add(cause);
    causesOf(rules, cause, seen);
  }
  return seen;
}

/** Whether a value is past a threshold, in the direction of the rule. */
export const isPast = ({ fires, clears }: Pick<Rule, 'fires' | 'clears'>, value: number, limit: number) =>
  fires > clears ? value >= limit : value <= limit;

export const severityAt = (rule: Rule, value: number | null): Severity =>
  rule.worsens !== undefined && value !== null && isPast(rule, value, rule.worsens) ? 'page' : rule.severity;

/** Where docs/runbook.md says what to do. */
export const runbookOf = (rule: string): string => `docs/runbook.md#${rule}`;
