/** A sync while it runs: a live list on a terminal, a line for each step elsewhere, nothing with --json. */

import type { PlanSource } from '../../sources/source.ts';
import type { SyncEvent } from '../../sync/work/follow-run.ts';
import type { Territory } from '../../territory/territory.ts';
import { describeOutcome } from './report.ts';

interface Progress {
  onEvent(event: SyncEvent): void;
  /** Resolves when nothing more will be drawn. */
  end(): Promise<void>;
}

export async function showProgress(
  territory: Territory,
  source: PlanSource,
  isJson: boolean,
): Promise<Progress> {
  if (isJson) return { onEvent: () => {}, end: async () => {} };
  const what = source.name === 'sandbox' ? 'sandbox data, invented plans and prices' : source.name;
  console.log(`Syncing from ${source.origin} (${what})`);
  const isWide = process.stdout.isTTY && process.stdout.columns >= NARROWEST_LIST;
  return isWide ? liveProgress(territory) : lineProgress(territory);
}

/** Characters; a terminal that is narrower, or does not say how wide it is, gets lines. */
const NARROWEST_LIST = 40;

const nameOf = (territory: Territory, duns: string): string => territory.tdsp(duns)?.short_name ?? duns;

/** One line for every TDSP that is done. */
function lineProgress(territory: Territory): Progress {
  return {
    onEvent: (event) => {
      if (event.type !== 'tdsp_finished') return;
      console.log(`  ${nameOf(territory, event.tdsp_duns).padEnd(18)} ${describeOutcome(event.outcome)}`);
    },
    end: async () => {},
  };
}

async function liveProgress(territory: Territory): Promise<Progress> {
  const { Listr } = await import('listr2');
  const waits = new Map<string, PromiseWithResolvers<{ text: string; isBad: boolean }>>();
  let drawing: Promise<unknown> = Promise.resolve();
  return {
    onEvent: (event) => {
      if (event.type === 'run_started') {
        const tasks = event.tdsps.map((duns) => {
          const wait = Promise.withResolvers<{ text: string; isBad: boolean }>();
          waits.set(duns, wait);
          const name = nameOf(territory, duns).padEnd(18);
          return {
            title: `${name} fetching`,
            task: async (_: unknown, task: { title: string }) => {
              const { text, isBad } = await wait.promise;
              task.title = `${name} ${text}`;
              if (isBad) throw new Error(task.title);
            },
          };
        });
        drawing = new Listr(tasks, { concurrent: true, exitOnError: false }).run();
      } else if (event.type === 'tdsp_finished') {
        const { outcome } = event;
        waits
          .get(event.tdsp_duns)
          ?.resolve({ text: describeOutcome(outcome), isBad: outcome.error_code !== null });
      }
    },
    end: async () => {
      for (const wait of waits.values()) wait.resolve({ text: 'not reached', isBad: true });
      await drawing;
    },
  };
}
