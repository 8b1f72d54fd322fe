/** `held …` and `sync revert`: what the guard held back, as a difference, and an operator's word on it. */

import { expected } from '../../errors.ts';
import { compareReadings } from '../../plan/difference.ts';
import { type HeldSnapshot, readHeld } from '../../store/plans/held-snapshots.ts';
import { rebuildPlanSet } from '../../store/plans/plan-revisions.ts';
import { readCurrentSnapshot } from '../../store/plans/snapshots.ts';
import type { Database } from '../../store/postgres/database.ts';
import { readTerritory } from '../../store/territory.ts';
import { dropHeld, publishHeld, revertTo } from '../../sync/publish/decide.ts';
import { Publisher } from '../../sync/publish/publisher.ts';
import type { Territory } from '../../territory/territory.ts';
import { HOUR_MS } from '../../units.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { describeDifference } from '../replay/report.ts';
import { describeOutcome, nameOf } from '../sync/report.ts';
import { UsageError } from '../usage-error.ts';

const BY = 'cli';
const POOL_CONNECTIONS = 2;

export function heldList(context: CommandContext): Promise<number> {
  const territory = readTerritory();
  return withStore(context, POOL_CONNECTIONS, async ({ pool }) => {
    const held = (await readHeld(pool)).map((one) => summaryOf(one, territory));
    const lines = held.map(({ name, code, plans, observed_at, kept_fields, broken }) =>
      [
        `${name}: ${plans} plans of ${observed_at.toISOString()}${asPublished(kept_fields)}, look: npm run held -- show ${code}`,
        ...broken.map(({ reading, limit }) => `    ${reading} (limit: ${limit})`),
      ].join('\n'),
    );
    return answer(context, { held }, () => (held.length === 0 ? 'Nothing is held back.' : lines.join('\n')));
  });
}

export function heldShow(context: CommandContext, text: string): Promise<number> {
  const territory = readTerritory();
  const tdsp_duns = dunsOf(territory, text);
  return withStore(context, POOL_CONNECTIONS, async ({ pool }) => {
    const [held] = await readHeld(pool, tdsp_duns);
    if (!held) return nothingHeld(context, territory, tdsp_duns);
    const current = await readCurrentSnapshot(pool, tdsp_duns);
    const set = current && (await rebuildPlanSet(pool, tdsp_duns, current.version));
    const published = set === null || set === 'not_kept' ? [] : set.plans;
    const difference = compareReadings(published, [], held);
    const { readings, compared_with } = held.verdict;
    const { name, code, ...summary } = summaryOf(held, territory);
    const describe = () =>
      [
        `${name}: ${held.plans.length} plans from ${held.origin}, against version ${compared_with ?? '(none)'}`,
        ...readings.map(
          ({ rule, reading, limit, is_broken }) =>
            `  ${is_broken ? '✗' : '✓'} ${rule}: ${reading} (limit: ${limit})`,
        ),
        ...describeDifference(difference),
        `Publish it: npm run held -- publish ${code} · drop it: npm run held -- drop ${code}`,
      ].join('\n');
    return answer(context, { name, code, ...summary, compared_with, readings, difference }, describe);
  });
}

export function heldPublish(context: CommandContext, text: string): Promise<number> {
  const territory = readTerritory();
  const tdsp_duns = dunsOf(territory, text);
  return withStore(context, POOL_CONNECTIONS, async (database) => {
    const publisher = publisherOf(context, database);
    const outcome = await publishHeld({ database, publisher, tdsp_duns, by: BY });
    if (!outcome) return nothingHeld(context, territory, tdsp_duns);
    const describe = () => `${nameOf(territory, tdsp_duns)}: ${describeOutcome(outcome)}`;
    return answer(context, outcome, describe, outcome.error_code === null);
  });
}

export function heldDrop(context: CommandContext, text: string): Promise<number> {
  const territory = readTerritory();
  const tdsp_duns = dunsOf(territory, text);
  return withStore(context, POOL_CONNECTIONS, async (database) => {
    const dropped = await dropHeld({ database, tdsp_duns, by: BY });
    if (!dropped) return nothingHeld(context, territory, tdsp_duns);
    return answer(
      context,
      { tdsp_duns, dropped },
      () => `Dropped what was held of ${nameOf(territory, tdsp_duns)}.`,
    );
  });
}

export function syncRevert(context: CommandContext, text: string, { to }: { to?: number }): Promise<number> {
  const territory = readTerritory();
  const tdsp_duns = dunsOf(territory, text);
  if (to === undefined || !Number.isInteger(to) || to < 1) {
    throw new UsageError(expected('--to with the number of an earlier version', String(to ?? '')));
  }
  return withStore(context, POOL_CONNECTIONS, async (database) => {
    const name = nameOf(territory, tdsp_duns);
    const outcome = await revertTo(
      { database, publisher: publisherOf(context, database), tdsp_duns, by: BY },
      to,
    );
    if (!outcome) {
      const message = `Version ${to} of ${name} is not kept: it cannot be put back.`;
      return answer(context, { tdsp_duns, message }, () => message, false);
    }
    const describe = () => `${name}, as in version ${to}: ${describeOutcome(outcome)}`;
    return answer(context, outcome, describe, outcome.error_code === null);
  });
}

const asPublished = (kept: readonly string[]): string =>
  kept.length === 0 ? '' : ` (published, with ${kept.join(', ')} as before)`;

function publisherOf({ config }: CommandContext, database: Database): Publisher {
  const { cacheTtlHours, enableQueryOptimization: tuneDatabase } = config;
  return new Publisher({ database, cacheTtlMs: cacheTtlHours * HOUR_MS, tuneDatabase });
}

function dunsOf(territory: Territory, text: string): string {
  const tdsp = territory.tdsp(text);
  if (!tdsp) throw new UsageError(expected(`one of ${territory.tdspList}`, text));
  return tdsp.duns;
}

function nothingHeld(context: CommandContext, territory: Territory, tdsp_duns: string): number {
  const message = `Nothing of ${nameOf(territory, tdsp_duns)} is held back.`;
  return answer(context, { tdsp_duns, message }, () => message, false);
}

function summaryOf(
  { tdsp_duns, source, origin, observed_at, plans, verdict }: HeldSnapshot,
  territory: Territory,
) {
  const broken = verdict.readings.filter(({ is_broken }) => is_broken);
  const code = territory.tdsp(tdsp_duns)?.code ?? tdsp_duns;
  const name = nameOf(territory, tdsp_duns);
  const { kept_fields = [] } = verdict;
  return { tdsp_duns, code, name, source, origin, observed_at, plans: plans.length, kept_fields, broken };
}
