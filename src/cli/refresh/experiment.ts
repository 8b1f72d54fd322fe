/** `experiment`: two refresh strategies tried against each other by the day, by a rule that is written down before. */

import { userInfo } from 'node:os';
import { expected } from '../../errors.ts';
import { describeExperiment } from '../../monitor/refresh/experiment-text.ts';
import {
  type Experiment,
  listExperiments,
  startExperiment,
  stopExperiment,
} from '../../planning/experiment/experiments.ts';
import { ARMS, type ArmStrategy } from '../../planning/experiment/plan.ts';
import { refreshSettings } from '../../planning/refresh/configured.ts';
import { planSetsOf } from '../../planning/refresh/refresher.ts';
import { writeAudit } from '../../store/queue/audit-log.ts';
import { readTerritory } from '../../store/territory.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { UsageError } from '../usage-error.ts';

const operator = (): string => `cli:${userInfo().username}`;
const MOST_SHOWN = 10;

function armStrategy(text: string): ArmStrategy {
  const found = ARMS.find((one) => one === text);
  if (!found) throw new UsageError(expected(`one of ${ARMS.join(', ')}`, text));
  return found;
}

export function experimentStart(
  context: CommandContext,
  a: string,
  b: string,
  { least, seed }: { least: number; seed?: number },
): Promise<number> {
  const arms = { a: armStrategy(a), b: armStrategy(b) };
  if (least < 1 || least > 100) throw new UsageError(`--least: ${expected('1 to 100 percent', least)}`);
  return withStore(context, 1, async ({ pool }) => {
    const settings = await refreshSettings(pool, context.config, readTerritory());
    const now = Date.now();
    const experiment = await startExperiment(pool, {
      ...arms,
      source: settings.upstream.name,
      sets: planSetsOf(settings),
      seed: seed ?? now % 1_000_000,
      leastEffect: least / 100,
      by: operator(),
      now,
    });
    await audit(pool, 'experiment_started', experiment);
    return answer(context, experiment, () => describeExperiment(experiment));
  });
}

/** Fine whether one runs or not. */
export function experimentStatus(context: CommandContext): Promise<number> {
  return withStore(context, 1, async ({ pool }) => {
    const experiments = await listExperiments(pool, { limit: MOST_SHOWN });
    return answer(context, { experiments }, () =>
      experiments.length === 0
        ? 'There was no experiment yet. Try: npx wattsync experiment start even learned'
        : experiments.map(describeExperiment).join('\n\n'),
    );
  });
}

export function experimentStop(
  context: CommandContext,
  { reason = '' }: { reason?: string },
): Promise<number> {
  if (reason.trim() === '')
    throw new UsageError('--reason is needed: others will ask why there is no result');
  return withStore(context, 1, async ({ pool }) => {
    const { upstream } = await refreshSettings(pool, context.config, readTerritory());
    const experiment = await stopExperiment(pool, upstream.name, { by: operator(), reason });
    await audit(pool, 'experiment_stopped', experiment);
    return answer(context, experiment, () => describeExperiment(experiment));
  });
}

const audit = (
  pool: Parameters<typeof writeAudit>[0],
  action: string,
  { id, plan: { a, b }, reason }: Experiment,
): Promise<void> => writeAudit(pool, { actor: operator(), action, details: { id, a, b, reason } });
