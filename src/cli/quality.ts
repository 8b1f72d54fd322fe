/** `quality`: what is odd about the plans that are stored, rule by rule, with the evidence. */

import { readFileSync } from 'node:fs';
import { describeError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { remarksBeside } from '../plan/quality/other-source.ts';
import { QUALITY_RULES, remarksOfMarket } from '../plan/quality/quality.ts';
import type { PlanRemark } from '../plan/quality/remark.ts';
import { readPayload } from '../sources/read-payload.ts';
import type { FetchedTdsp } from '../sources/source.ts';
import { readActivePlanSet } from '../store/plans/plans.ts';
import { readRecentPast } from '../store/plans/recent-past.ts';
import { readTerritory } from '../store/territory.ts';
import type { Territory } from '../territory/territory.ts';
import { answer, type CommandContext, withStore } from './command.ts';
import { UsageError } from './usage-error.ts';

interface QualityOptions {
  tdsp?: string;
  rule?: string;
  /** An export of Power to Choose to compare with. */
  beside?: string;
}

interface Listed extends Omit<PlanRemark, 'plan'> {
  tdsp: string;
  plan: { id: string; external_id: string; provider: string; name: string } | null;
}

export async function quality(
  context: CommandContext,
  { tdsp, rule, beside }: QualityOptions,
): Promise<number> {
  const territory = readTerritory();
  const rules = QUALITY_RULES.map((one) => one.rule);
  if (rule !== undefined && !rules.includes(rule)) {
    throw new UsageError(`unknown rule "${rule}": expected one of ${rules.join(', ')}`);
  }
  const only = tdsp === undefined ? undefined : territory.tdsp(tdsp);
  if (tdsp !== undefined && !only) {
    throw new UsageError(`unknown TDSP "${tdsp}": expected one of ${territory.tdspList}`);
  }
  const others = beside === undefined ? null : readExport(beside, territory);
  return withStore(context, 1, async ({ pool }) => {
    const remarks: Listed[] = [];
    let plans = 0;
    let compared = 0;
    for (const { duns, code } of only ? [only] : territory.tdsps) {
      const set = await readActivePlanSet(pool, duns);
      if (!set) continue;
      plans += set.plans.length;
      const found = remarksOfMarket(set.plans, await readRecentPast(pool, duns));
      const other = others?.find(({ tdsp_duns }) => tdsp_duns === duns);
      if (other) {
        const besides = remarksBeside(set.plans, other.plans);
        compared += besides.compared;
        found.push(...besides.remarks);
      }
      for (const remark of found) {
        if (rule === undefined || remark.rule === rule) remarks.push(listed(code, remark));
      }
    }
    const counts = QUALITY_RULES.flatMap(({ rule, source }) => {
      const count = remarks.filter((remark) => remark.rule === rule).length;
      return count > 0 ? [{ rule, remarks: count, source }] : [];
    });
    const about = others === null ? {} : { compared };
    return answer(context, { plans, ...about, rules: counts, remarks }, () => {
      const end = others === null ? '' : `\n${compared} of them were compared with ${beside}.`;
      return describe(plans, counts, remarks) + end;
    });
  });
}

/** @throws {UsageError} it cannot be read */
function readExport(path: string, territory: Territory): FetchedTdsp[] {
  let body: Buffer;
  try {
    body = readFileSync(path);
  } catch (error) {
    throw new UsageError(`--beside: ${describeError(error)}`);
  }
  const duns = territory.tdsps.map((one) => one.duns);
  const tdspByName = (name: string, year: number | null) => territory.tdspByFeedName(name, year)?.duns;
  try {
    return readPayload({ source: 'powertochoose', body, duns, tdspByName }).tdsps;
  } catch (error) {
    throw new UsageError(`--beside ${path}: ${describeError(error)}`);
  }
}

const listed = (tdsp: string, { plan, ...remark }: PlanRemark): Listed => ({
  tdsp,
  ...remark,
  plan: plan && nameOf(plan),
});

const nameOf = ({ id, external_id, provider, name }: Plan) => ({
  id,
  external_id,
  provider: provider.name,
  name,
});

function describe(
  plans: number,
  counts: readonly { rule: string; remarks: number; source: string }[],
  remarks: readonly Listed[],
): string {
  if (plans === 0) return 'There are no plans to look at. Sync once: npm run sync:full';
  if (remarks.length === 0) return `Nothing to remark about ${plans} plans.`;
  const blocks = counts.flatMap(({ rule, remarks: count, source }) => [
    '',
    `${rule}: ${count} (${source})`,
    ...remarks.filter((remark) => remark.rule === rule).map(line),
  ]);
  const one = remarks.length === 1 ? 'remark' : 'remarks';
  return [`${remarks.length} ${one} about ${plans} plans.`, ...blocks].join('\n');
}

function line({ tdsp, plan, message }: Listed): string {
  const about = plan ? `${plan.provider}, ${plan.name} (${plan.external_id})` : 'all plans';
  return `  ${tdsp}  ${about}: ${message}`;
}
