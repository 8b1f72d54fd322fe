/**
 * Holds back a snapshot that looks wrong, so that yesterday's plans stay. Markets move in steps that look like faults, so each
 * bound stands beside what real markets did.
 *
 * A snapshot passes if it is in line with any version that was true lately: so a bad file, once published, does not hold
 * up the good ones that follow, and what is held is judged afresh with every file.
 */

import { WattsyncError } from '../../../errors.ts';
import type { RecentVersion } from '../../../store/plans/guarded-plans.ts';
import { DAY_MS } from '../../../units.ts';
import { COUNT_RULES } from './count-rules.ts';
import { FIELD_RULES } from './field-rules.ts';
import { type GuardedMarket, median } from './guarded-market.ts';
import { PRICE_RULES } from './price-rules.ts';
import type { GuardContext, Verdict } from './verdict.ts';

/** Files held in a row that agree with each other. */
export interface Trail {
  since: Date;
  /** How many different ones. */
  files: number;
}

/** A snapshot was fetched and not published. */
export class SnapshotHeldError extends WattsyncError {
  readonly code = 'snapshot_held';
  readonly retryable = false;
  readonly verdict: Verdict;
  readonly content_hash: string;
  readonly trail: Trail;

  constructor(verdict: Verdict, content_hash: string, trail: Trail) {
    super(
      `Snapshot held back: ${describeVerdict(verdict)}. The published plans stay, and the next file is judged afresh.`,
    );
    this.verdict = verdict;
    this.content_hash = content_hash;
    this.trail = trail;
  }
}

const RULES = [...COUNT_RULES, ...PRICE_RULES, ...FIELD_RULES];

export function judge(after: GuardedMarket, context: GuardContext, compared_with: number | null): Verdict {
  const readings = RULES.flatMap((rule) => rule(after, context) ?? []);
  return { is_held: readings.some(({ is_broken }) => is_broken), compared_with, readings };
}

/** What is broken, in one line. */
export function describeVerdict({ readings }: Verdict): string {
  return readings
    .filter(({ is_broken }) => is_broken)
    .map(({ reading, limit }) => `${reading} (limit: ${limit})`)
    .join('; ');
}

/** How long what was true says something about today. */
export const LONG_DAYS = 28;
/** Versions beside the current one that a snapshot may agree with instead: the last ones before it, and one of each of these ages. */
const LAST_REFERENCES = 2;
const REFERENCE_DAYS = [2, 5, 10, 20];

/**
 * The versions to compare with, the current one first: behind it those the guard let pass, not too far from the middle of
 * all of them.
 * @param recent the newest first
 */
export function chooseReferences(recent: readonly RecentVersion[]): number[] {
  const [current, ...earlier] = recent;
  if (!current) return [];
  const isOlder = ({ published_at }: RecentVersion, days: number) =>
    current.published_at.getTime() - published_at.getTime() >= days * DAY_MS;
  const long = longFigures(recent);
  const isOdd = ({ plans, median_rate }: RecentVersion): boolean => {
    if (!long) return false;
    const [was, is] = [long.median_rate, median_rate];
    const isOddRate = was !== null && is !== null && Math.max(was / is, is / was) > 1.5;
    return isOddRate || plans < long.plans * 0.4 || plans > long.plans * 2.5;
  };
  const good = earlier.filter((one) => one.passed_as !== 'overridden' && !isOdd(one));
  const older = REFERENCE_DAYS.flatMap((days) => good.find((one) => isOlder(one, days)) ?? []);
  return [...new Set([current, ...good.slice(0, LAST_REFERENCES), ...older].map(({ version }) => version))];
}

/** What was published before files that contradict it outlasted it is not true any more. */
export function sinceOutlasted(recent: readonly RecentVersion[]): readonly RecentVersion[] {
  const at = recent.findIndex(({ passed_as }) => passed_as === 'outlasted');
  return at < 0 ? recent : recent.slice(0, at + 1);
}

/** Fewer versions than this have no middle. */
const FEWEST_VERSIONS = 5;

/** @returns `null` where too few were published */
export function longFigures(recent: readonly RecentVersion[]): GuardContext['long'] {
  const good = recent.filter(({ passed_as }) => passed_as !== 'overridden');
  if (good.length < FEWEST_VERSIONS) return null;
  const rates = good.flatMap(({ median_rate }) => median_rate ?? []);
  return { plans: median(good.map(({ plans }) => plans))!, median_rate: median(rates) };
}

/**
 * Whether a snapshot is an earlier version once more. After one that an operator published against the guard, or of which
 * some records could not be read, what was before it is welcome back.
 * @param recent the newest first
 */
export function findRepeat(recent: readonly RecentVersion[], content_hash: string): GuardContext['repeats'] {
  const [current, ...earlier] = recent;
  const found = earlier.find((one) => one.content_hash === content_hash);
  if (!current || !found || current.passed_as === 'overridden' || current.has_unread) return null;
  const wasReverted = current.passed_as === 'reverted' && found === earlier[0];
  return { version: found.version, wasReverted };
}

/** The wires charges change on 1 March and 1 September; offers follow within some days. */
export function isChargeSeason(now: Date): boolean {
  const day = (now.getUTCMonth() + 1) * 100 + now.getUTCDate();
  return (day >= 222 && day <= 315) || (day >= 822 && day <= 915);
}
