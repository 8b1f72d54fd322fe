/** Judges a fetched snapshot against what is stored of its TDSP. */

import type { PlanDraft } from '../../../plan/plan.ts';
import {
  countForeignIds,
  type RecentVersion,
  readGuardedPlans,
  readRecentVersions,
} from '../../../store/plans/guarded-plans.ts';
import type { Queryable } from '../../../store/postgres/database.ts';
import { DAY_MS } from '../../../units.ts';
import { FEWEST_TO_COMPARE } from './count-rules.ts';
import {
  chooseReferences,
  findRepeat,
  isChargeSeason,
  judge,
  LONG_DAYS,
  longFigures,
  SnapshotHeldError,
} from './guard.ts';
import { describeMarket, toGuarded } from './guarded-market.ts';
import type { GuardContext, Verdict } from './verdict.ts';

interface Judged {
  tdsp_duns: string;
  source: string;
  content_hash: string;
  plans: readonly PlanDraft[];
  /** How many records could not be read. */
  rejected: number;
  /** How many plans differ from what is published, or are gone from it. */
  changes: number;
}

/** A few offers may come and go again; from one export to the next a sixth of them changes. */
const LEAST_CHANGE = 0.12;

/**
 * In line with one true version is enough; the verdict told is that on the current one where none fits.
 * @throws {SnapshotHeldError}
 */
export async function judgeSnapshot(queryable: Queryable, judged: Judged, now: Date): Promise<Verdict> {
  const { tdsp_duns, source, content_hash, plans, rejected, changes } = judged;
  const after = describeMarket(plans.map(toGuarded));
  const since = new Date(now.getTime() - LONG_DAYS * DAY_MS);
  const recent: RecentVersion[] = await readRecentVersions(queryable, { tdsp_duns, source, since });
  const isOther = plans.length >= FEWEST_TO_COMPARE && changes > plans.length * LEAST_CHANGE;
  const context: Omit<GuardContext, 'before'> = {
    rejected,
    foreign: await countForeignIds(queryable, { tdsp_duns, source, ids: [...after.byId.keys()] }),
    long: longFigures(recent),
    repeats: isOther ? findRepeat(recent, content_hash) : null,
    isChargeSeason: isChargeSeason(now),
  };
  const references = chooseReferences(recent);
  let first: Verdict | null = references.length > 0 ? null : judge(after, { ...context, before: null }, null);
  for (const version of references) {
    const before = describeMarket(await readGuardedPlans(queryable, tdsp_duns, version));
    const verdict = judge(after, { ...context, before }, version);
    if (!verdict.is_held) return verdict;
    first ??= verdict;
  }
  if (first!.is_held) throw new SnapshotHeldError(first!);
  return first!;
}
