/** `quality`: what is odd about the plans that are stored, rule by rule, with the evidence. */

import { readFileSync } from 'node:fs';
import { describeError, expected } from '../../errors.ts';
import type { Plan, PlanDraft } from '../../plan/plan.ts';
import { remarksBeside } from '../../plan/quality/other-source.ts';
import { QUALITY_RULES, remarksOfMarket } from '../../plan/quality/quality.ts';
import type { PlanRemark } from '../../plan/quality/remark.ts';
import { remarksOnStored } from '../../plan/quality/stored-prices.ts';
import { readPayload } from '../../sources/read-payload.ts';
import type { FetchedTdsp } from '../../sources/source.ts';
import { SourceError } from '../../sources/source-error.ts';
import { readActivePlanSet } from '../../store/plans/plans.ts';
import { readRecentPast } from '../../store/plans/recent-past.ts';
import { readSnapshotReadings } from '../../store/plans/snapshots.ts';
import { readPayload as readKept } from '../../store/plans/source-payloads.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { readTerritory } from '../../store/territory.ts';
import { readTdsp } from '../../sync/publish/replay.ts';
import type { Territory } from '../../territory/territory.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { UsageError } from '../usage-error.ts';
import { type LinkCounts, lookAtLinks } from './look-at-links.ts';

interface QualityOptions {
  tdsp?: string;
  rule?: string;
  /** An export of Power to Choose to compare with. */
  beside?: string;
  /** How many links to ask for; without a number, as many as is usual. */
  links?: number | true;
}

/** Enough for a link of every provider's host. */
const USUAL_LINKS = 60;
const MOST_LINKS = 500;

interface Listed extends Omit<PlanRemark, 'plan'> {
  tdsp: string;
  plan: { id: string; external_id: string; provider: string; name: string } | null;
}

export async function quality(
  context: CommandContext,
  { tdsp, rule, beside, links }: QualityOptions,
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
  const most = links === true ? USUAL_LINKS : (links ?? 0);
  if (links !== undefined && !(Number.isInteger(most) && most >= 1 && most <= MOST_LINKS)) {
    throw new UsageError(`--links: ${expected(`a whole number from 1 to ${MOST_LINKS}`, most)}`);
  }
  const others = beside === undefined ? null : readExport(beside, territory);
  return withStore(context, 1, async ({ pool }) => {
    const remarks: Listed[] = [];
    const list = (found: readonly PlanRemark[], code: string) => {
      for (const remark of found) {
        if (rule === undefined || remark.rule === rule) remarks.push(listed(code, remark));
      }
    };
    const all: Plan[] = [];
    let reread = 0;
    let compared = 0;
    for (const { duns, code } of only ? [only] : territory.tdsps) {
      const set = await readActivePlanSet(pool, duns);
      if (!set) continue;
      all.push(...set.plans);
      list(remarksOfMarket(set.plans, await readRecentPast(pool, duns)), code);
      const stored = remarksOnStored(set.plans, await readTold(pool, duns, set.version, territory));
      reread += stored.reread;
      list(stored.remarks, code);
      const other = others?.find(({ tdsp_duns }) => tdsp_duns === duns);
      if (!other) continue;
      const besides = remarksBeside(set.plans, other.plans);
      compared += besides.compared;
      list(besides.remarks, code);
    }
    const looked = links === undefined ? null : await lookAtLinks(all, most);
    for (const remark of looked?.remarks ?? []) list([remark], territory.tdsp(remark.plan!.tdsp_duns)!.code);
    const counts = QUALITY_RULES.flatMap(({ rule, source }) => {
      const count = remarks.filter((remark) => remark.rule === rule).length;
      return count > 0 ? [{ rule, remarks: count, source }] : [];
    });
    const about: About = {
      plans: all.length,
      reread,
      ...(others && { compared }),
      ...(looked && { links: looked.counts }),
    };
    return answer(context, { ...about, rules: counts, remarks }, () => describe(about, counts, remarks));
  });
}

/** What was looked at. */
interface About {
  plans: number;
  /** Plans whose prices were read once more from what the upstream sent. */
  reread: number;
  /** Plans that `--beside` has, too. */
  compared?: number;
  links?: LinkCounts;
}

/** What the answer that a version was read from tells; nothing where it is not kept, or cannot be read. */
async function readTold(
  pool: Queryable,
  duns: string,
  version: number,
  territory: Territory,
): Promise<readonly PlanDraft[]> {
  const [reading] = await readSnapshotReadings(pool, [duns], version);
  const kept = reading?.payload_hash ? await readKept(pool, reading.payload_hash) : null;
  if (!kept || kept === 'damaged') return [];
  try {
    return readTdsp(kept, duns, { tdspByName: namesOf(territory) }).plans;
  } catch (error) {
    if (error instanceof SourceError) return [];
    throw error;
  }
}

const namesOf = (territory: Territory) => (name: string, year: number | null) =>
  territory.tdspByFeedName(name, year)?.duns;

/** @throws {UsageError} it cannot be read */
function readExport(path: string, territory: Territory): FetchedTdsp[] {
  let body: Buffer;
  try {
    body = readFileSync(path);
  } catch (error) {
    throw new UsageError(`--beside: ${describeError(error)}`);
  }
  const duns = territory.tdsps.map((one) => one.duns);
  const tdspByName = namesOf(territory);
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
  about: About,
  counts: readonly { rule: string; remarks: number; source: string }[],
  remarks: readonly Listed[],
): string {
  const { plans, reread, compared, links } = about;
  if (plans === 0) return 'There are no plans to look at. Sync once: npm run sync:full';
  const one = remarks.length === 1 ? 'remark' : 'remarks';
  return [
    remarks.length === 0
      ? `Nothing to remark about ${plans} plans.`
      : `${remarks.length} ${one} about ${plans} plans.`,
    ...counts.flatMap(({ rule, remarks: count, source }) => [
      '',
      `${rule}: ${count} (${source})`,
      ...remarks.filter((remark) => remark.rule === rule).map(line),
    ]),
    '',
    `The prices of ${reread} were read once more from what the upstream sent.`,
    ...(compared === undefined ? [] : [`${compared} were compared with the export.`]),
    ...(links ? [describeLinks(links)] : []),
  ].join('\n');
}

const describeLinks = ({ distinct, asked, reached, refused, unreachable }: LinkCounts): string =>
  `${asked} of ${distinct} links were asked for: ${reached} reached, ${unreachable} not, ${refused} do not answer programs.`;

function line({ tdsp, plan, message }: Listed): string {
  const about = plan ? `${plan.provider}, ${plan.name} (${plan.external_id})` : 'all plans';
  return `  ${tdsp}  ${about}: ${message}`;
}
