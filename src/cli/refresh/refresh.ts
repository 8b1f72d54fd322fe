/** `explain refresh` and `refresh rebuild`: what the refresh strategy does about a TDSP and why, and how to learn it anew. */

import { expected } from '../../errors.ts';
import type { CalibrationReport } from '../../planning/refresh/calibration.ts';
import { refreshSettings } from '../../planning/refresh/configured.ts';
import { chanceOf, rateAt } from '../../planning/refresh/model.ts';
import { nextLook } from '../../planning/refresh/policy.ts';
import {
  decideRefresh,
  type RefreshDecisionNow,
  relearnNow,
  scoreHere,
} from '../../planning/refresh/refresher.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { readTerritory } from '../../store/territory.ts';
import { HOUR_MS } from '../../units.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { UsageError } from '../usage-error.ts';

const settingsOf = async (queryable: Queryable, { config }: CommandContext) =>
  refreshSettings(queryable, config, readTerritory());

export async function explainRefresh(context: CommandContext, text: string): Promise<number> {
  const territory = readTerritory();
  const tdsp = territory.tdsp(text);
  if (!tdsp) {
    const explanation = expected(`one of ${territory.tdspList}`, text);
    return answer(context, { tdsp: text, explanation }, () => explanation, false);
  }
  return withStore(context, 1, async ({ pool }) => {
    const now = Date.now();
    const decision = await decideRefresh(pool, await settingsOf(pool, context), now);
    const found = toExplanation(decision, tdsp.duns, now);
    return answer(context, found, () => describe(found));
  });
}

export async function rebuildRefresh(context: CommandContext): Promise<number> {
  return withStore(context, 2, async ({ pool }) => {
    const learned = await relearnNow(pool, await settingsOf(pool, context), Date.now());
    const found = {
      changes: learned?.model.changes ?? 0,
      trusted: learned?.proof.isTrusted ?? false,
      reason: learned?.proof.reason ?? 'no answer of the upstream is kept',
    };
    const what = `${found.changes} changes were read from the kept answers`;
    return answer(
      context,
      found,
      () => `${what}. ${found.trusted ? 'Trusted' : 'Not trusted'}: ${found.reason}.`,
    );
  });
}

const SCORED_DAYS = 14;

/** Every strategy on this deployment's own changes: exact after a census, and where ids tell when they were made. */
export async function scoreRefresh(
  context: CommandContext,
  { days = SCORED_DAYS }: { days?: number },
): Promise<number> {
  if (days < 1 || days > 90) throw new UsageError(`--days: ${expected('1 to 90', days)}`);
  return withStore(context, 2, async ({ pool }) => {
    const found = await scoreHere(pool, await settingsOf(pool, context), { now: Date.now(), days });
    if (!found) {
      const nothing = { changes: 0, scores: [] };
      return answer(context, nothing, () => 'No answer of the upstream is kept yet.', false);
    }
    const shown = (value: number | null) => (value === null ? '–' : value.toFixed(1)).padStart(8);
    return answer(context, found, () =>
      [
        `${found.changes} changes of the last ${days} days, replayed:`,
        '  strategy      mean     p50     p90 longest  calls/h  current',
        ...found.scores.map((one) => {
          const minutes = [one.mean_minutes, one.p50_minutes, one.p90_minutes, one.longest_minutes];
          const current = `${(one.current * 100).toFixed(2)} %`.padStart(9);
          return `  ${one.strategy.padEnd(10)}${minutes.map(shown).join('')} ${shown(one.calls_an_hour)} ${current}`;
        }),
        '  Minutes from a change to the look that shows it; learned and auto learn from what is before, week by week.',
      ].join('\n'),
    );
  });
}

function toExplanation(decision: RefreshDecisionNow, duns: string, now: number) {
  const { inUse, reason, sets, due, learned, table, spent, allowedAWeek, room } = decision;
  const index = Math.max(
    0,
    sets.findIndex(({ plan_set }) => plan_set === duns),
  );
  const one = sets[index]!;
  const isoOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const model = learned && {
    fitted_at: isoOf(learned.model.fittedAt),
    changes: learned.model.changes,
    trusted: learned.proof.isTrusted,
    reason: learned.proof.reason,
    calibration: learned.proof.calibration,
    changes_an_hour_now: rateAt(learned.model, index, now) * 60,
    chance_within_the_hour: chanceOf(learned.model, index, now, 60),
    chance_within_the_day: chanceOf(learned.model, index, now, 24 * 60),
    price_change_minutes: table!.price,
    sentinel: sets[table!.sentinel]!.name,
    moves_with_sentinel: learned.model.links[table!.sentinel]![index]!,
    next_planned_at: isoOf(nextLook(table!, index, now)),
    planned_next_24_hours: table!.looks[index]!.filter((at) => at > now && at < now + 24 * HOUR_MS).length,
  };
  return {
    name: one.name,
    strategy: inUse,
    strategy_reason: reason,
    looked_at: one.seen.looked_at,
    moved_at: one.seen.moved_at,
    weight: one.weight,
    due: due.find(({ set }) => set === index)?.reason ?? null,
    floor_minutes: one.floorMs / 60_000,
    calls: {
      last_hour: spent.hour,
      last_week: spent.week,
      allowed_a_week: allowedAWeek,
      left_this_hour: room,
    },
    model,
  };
}

/** Whether what was said came true, over the replay of the last two weeks. */
function reliabilityLines(calibration: CalibrationReport | null): string[] {
  if (!calibration) return ['  Reliability: not known before two weeks can be replayed.'];
  const { error, brier, climatology, table } = calibration;
  const share = (value: number) => `${(value * 100).toFixed(1)} %`.padStart(8);
  return [
    `  Reliability of "changes within the hour": off by ${(error * 100).toFixed(1)} points on average (10 are allowed); Brier ${brier.toFixed(4)}, always saying the mean ${climatology.toFixed(4)}.`,
    '        said  happened  times',
    ...table.map(
      ({ said, happened, times }) => `    ${share(said)}  ${share(happened)}  ${String(times).padStart(5)}`,
    ),
  ];
}

function describe(found: ReturnType<typeof toExplanation>): string {
  const { name, calls, model } = found;
  const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
  const lines = [
    name,
    `  Strategy: ${found.strategy}. ${found.strategy_reason}.`,
    `  Last confirmed ${found.looked_at?.toISOString() ?? 'never'}, last seen changed ${found.moved_at?.toISOString() ?? 'never'}.`,
    found.due === null
      ? `  Not due now; it is never left for longer than ${found.floor_minutes} min.`
      : `  Due now: ${found.due}.`,
    `  Calls of these looks: ${calls.last_hour} in the last hour, ${calls.last_week} of ${calls.allowed_a_week} a week; ${calls.left_this_hour} calls of this hour are left.`,
  ];
  if (!model)
    return [
      ...lines,
      '  Nothing was learned yet: a model is fitted once answers of the upstream are kept.',
    ].join('\n');
  return [
    ...lines,
    `  Model of ${model.changes} changes, fitted ${model.fitted_at}: ${model.trusted ? 'trusted' : 'not trusted'}, ${model.reason}.`,
    `  It changes within the hour with ${percent(model.chance_within_the_hour)}, within the day with ${percent(model.chance_within_the_day)}.`,
    `  The sentinel is ${model.sentinel}; ${name} moves with it in ${percent(model.moves_with_sentinel)} of cases.`,
    `  A call is made where it saves ${model.price_change_minutes.toFixed(1)} change-minutes; ${name} weighs ${found.weight.toFixed(2)}.`,
    `  Planned: ${model.planned_next_24_hours} looks by the timetable, the next ${model.next_planned_at}.`,
    ...reliabilityLines(model.calibration),
  ].join('\n');
}
