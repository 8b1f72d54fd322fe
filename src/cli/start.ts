/** `start`: the whole program, until Ctrl-C. */

import type { SyncReport } from '../sync/run.ts';
import type { CommandContext } from './program.ts';
import { describeOutcome } from './sync-report.ts';

export async function start({ config, isJson, start: startAll }: CommandContext): Promise<number> {
  const say = (line: string) => {
    if (!isJson) console.log(line);
  };
  // Heard from the first moment: who is stopped while still starting must leave as cleanly as later.
  // They stay: the lock's own handler ends the process as soon as it is the only one left.
  const asked = new Promise<string>((resolve) => {
    process.on('SIGINT', () => resolve('SIGINT')).on('SIGTERM', () => resolve('SIGTERM'));
  });
  const running = await startAll({
    config,
    onListening: (url, source) => {
      if (isJson)
        console.log(JSON.stringify({ event: 'listening', url, source: source.name, origin: source.origin }));
      say(`wattsync serves on ${url}  (API description: ${url}/docs, Ctrl-C stops)`);
      if (source.name === 'sandbox') {
        say(
          'Plans come from the sandbox: plans and prices are INVENTED. For real ones set COMPAREPOWER_API_URL,',
        );
        say('or PLAN_SOURCE=powertochoose and POWERTOCHOOSE_CSV.');
      } else say(`Plans come from ${source.name}: ${source.origin}`);
    },
    onSyncEvent: (event) => {
      if (event.type === 'tdsp_finished' && event.outcome.status !== 'fresh') {
        say(`  ${event.tdsp_duns.padEnd(14)} ${describeOutcome(event.outcome)}`);
      }
    },
    onSyncReport: (report) => {
      if (isJson) console.log(JSON.stringify({ event: 'synced', ...report }));
      say(summary(report));
    },
  });
  const signal = await asked;
  say(signal === 'SIGINT' ? '\nStopping …' : 'Stopping …');
  await running.stop();
  say('Stopped.');
  return 0;
}

function summary({ status, plans, api_calls, duration_ms, tdsps }: SyncReport): string {
  if (tdsps.every((tdsp) => tdsp.status === 'fresh')) return 'All plans are fresh: nothing was fetched.';
  const calls = `${api_calls} upstream ${api_calls === 1 ? 'call' : 'calls'}`;
  return `Sync ${status}: ${plans.seen} plans of ${tdsps.length} TDSPs with ${calls} in ${(duration_ms / 1000).toFixed(1)} s.`;
}
