/** Judges a fetched snapshot against what is stored of its TDSP, and against what was held of it before. */

import type { PlanDraft } from '../../../plan/plan.ts';
import {
  countForeignIds,
  type PassedAs,
  readGuardedPlans,
  readPublishedSpan,
  readRecentVersions,
} from '../../../store/plans/guarded-plans.ts';
import { readHeld } from '../../../store/plans/held-snapshots.ts';
import type { Queryable } from '../../../store/postgres/database.ts';
import { DAY_MS, HOUR_MS } from '../../../units.ts';
import { FEWEST_TO_COMPARE } from './count-rules.ts';
import {
  chooseReferences,
  findRepeat,
  isChargeSeason,
  judge,
  LONG_DAYS,
  longFigures,
  SnapshotHeldError,
  sinceOutlasted,
  type Trail,
} from './guard.ts';
import { describeMarket, type GuardedMarket, toGuarded } from './guarded-market.ts';
import { fieldsToKeep, keepFields } from './keep-fields.ts';
import type { GuardContext, Verdict } from './verdict.ts';

interface Judged {
  tdsp_duns: string;
  source: string;
  content_hash: string;
  plans: readonly PlanDraft[];
  /** How many records could not be read. */
  rejected: number;
  /** Names of TDSPs in the file that nobody knows. */
  unknownNames: readonly string[];
  /** How many plans differ from what is published, or are gone from it. */
  changes: number;
  /** For how long what is published was confirmed. */
  currentSpanMs: number;
}

export interface Passed {
  passed_as: PassedAs;
  /** As they may be published. */
  plans: readonly PlanDraft[];
  /** Fields of theirs that are not as they were told, but as they were before, and why. */
  kept: { fields: string[]; verdict: Verdict } | null;
}

/** A few offers may come and go again; from one export to the next a sixth of them changes. */
const LEAST_CHANGE = 0.12;

/** Nothing but the two states themselves. */
const ALONE = { rejected: 0, foreign: 0, long: null, repeats: null };

/**
 * In line with one true version is enough; the verdict told is that on the current one where none fits.
 * @throws {SnapshotHeldError}
 */
export async function judgeSnapshot(queryable: Queryable, judged: Judged, now: Date): Promise<Passed> {
  const { tdsp_duns, source, content_hash, plans, rejected, unknownNames, changes } = judged;
  const after = describeMarket(plans.map(toGuarded));
  const about = { tdsp_duns, source, content_hash, since: new Date(now.getTime() - LONG_DAYS * DAY_MS) };
  const recent = sinceOutlasted(await readRecentVersions(queryable, about));
  const isOther = plans.length >= FEWEST_TO_COMPARE && changes > plans.length * LEAST_CHANGE;
  const context: Omit<GuardContext, 'before'> = {
    rejected,
    unknownNames,
    foreign: await countForeignIds(queryable, { tdsp_duns, source, ids: [...after.byId.keys()] }),
    long: longFigures(recent),
    repeats: isOther ? findRepeat(recent, content_hash) : null,
    isChargeSeason: isChargeSeason(now),
  };
  const passed = (of: Partial<Passed> = {}): Passed => ({ passed_as: 'judged', plans, kept: null, ...of });
  const references = chooseReferences(recent);
  let first: Verdict | null = references.length > 0 ? null : judge(after, { ...context, before: null }, null);
  let repaired: Passed | null = null;
  let current: GuardedMarket | null = null;
  for (const version of references) {
    const before = describeMarket(await readGuardedPlans(queryable, tdsp_duns, version));
    // Where what is published agrees with an older version, that one has no say against it: it would only blur small steps.
    if (current && !judge(current, { ...context, ...ALONE, before }, version).is_held) continue;
    const verdict = judge(after, { ...context, before }, version);
    if (!verdict.is_held) return passed();
    current ??= before;
    first ??= verdict;
    repaired ??= repair(plans, { after, before, verdict, context });
  }
  if (!first!.is_held) return passed();
  if (repaired) return repaired;
  const trail = await trailOf(queryable, judged, { after, context, now });
  if (await isOutlasted(queryable, judged, trail, { since: about.since, verdict: first!, now })) {
    return passed({ passed_as: 'outlasted' });
  }
  throw new SnapshotHeldError(first!, content_hash, trail);
}

/** @returns `null` where the snapshot would be held all the same */
function repair(
  plans: readonly PlanDraft[],
  {
    after,
    before,
    verdict,
    context,
  }: {
    after: GuardedMarket;
    before: GuardedMarket;
    verdict: Verdict;
    context: Omit<GuardContext, 'before'>;
  },
): Passed | null {
  const fields = fieldsToKeep(after, verdict);
  if (!fields) return null;
  const kept = keepFields(plans, fields, before);
  const again = judge(describeMarket(kept.map(toGuarded)), { ...context, before }, verdict.compared_with);
  return again.is_held ? null : { passed_as: 'judged', plans: kept, kept: { fields, verdict } };
}

/** How long files that agree with this one have been held, this one included. */
async function trailOf(
  queryable: Queryable,
  { tdsp_duns, source, content_hash }: Judged,
  { after, context, now }: { after: GuardedMarket; context: Omit<GuardContext, 'before'>; now: Date },
): Promise<Trail> {
  const alone = { since: now, files: 1 };
  const [held] = await readHeld(queryable, tdsp_duns);
  if (!held || held.source !== source) return alone;
  const before = describeMarket(held.plans.map(toGuarded));
  const { is_held } = judge(after, { ...context, ...ALONE, rejected: context.rejected, before }, null);
  if (is_held) return alone;
  return { since: held.since, files: held.files + (held.content_hash === content_hash ? 0 : 1) };
}

/** Files of two days, or of two syncs a day apart. */
const LEAST_TRAIL_MS = 20 * HOUR_MS;

/**
 * Which of two contradicting states is true shows in which of them lasts. So a wrong first file, or a change of a kind that
 * the rules do not know, holds up good data for as long as it was believed itself, and nothing is held for ever. A file that
 * only comes again and again proves nothing, unless it was published before.
 */
async function isOutlasted(
  queryable: Queryable,
  { tdsp_duns, source, currentSpanMs }: Judged,
  { since, files }: Trail,
  about: { since: Date; verdict: Verdict; now: Date },
): Promise<boolean> {
  const heldMs = about.now.getTime() - since.getTime();
  const broken = about.verdict.readings.filter(({ is_broken }) => is_broken);
  if (heldMs > 0 && broken.every(({ rule }) => rule === 'repeats')) return heldMs > currentSpanMs;
  if (files < 2 || heldMs < LEAST_TRAIL_MS) return false;
  return heldMs > (await readPublishedSpan(queryable, { tdsp_duns, source, since: about.since }));
}
