/** `sync status`: how syncing is at this moment, and whether that is well. It is asked often, so it loads little. */

import { answer, type CommandContext } from '../command.ts';

export async function syncStatus(context: CommandContext): Promise<number> {
  const { config, parts } = context;
  // Loaded while PostgreSQL is being reached: that takes as long.
  const [database, { readMonitorView }, { judge }, { toJson }, { markCrashedRuns }, draw] = await Promise.all(
    [
      parts().then(({ openStore }) => openStore(config, 1)),
      import('../../monitor/monitor-view.ts'),
      import('../../monitor/verdict.ts'),
      import('../../monitor/finding.ts'),
      import('../../store/queue/sync-runs.ts'),
      context.isJson ? null : import('../monitor/draw-monitor.ts'),
    ],
  );
  try {
    await markCrashedRuns(database.pool, new Date());
    const view = await readMonitorView(database.pool, config);
    const verdict = judge(view);
    const found = { ...verdict, problems: verdict.problems.map(toJson), ...view };
    return answer(context, found, () => draw!.drawStatus(view), verdict.healthy);
  } finally {
    await database.close();
  }
}
