/** `sync status`: how syncing is at this moment, and whether that is well. It is asked often, so it loads little. */

import { openStore } from '../../app/open.ts';
import { answer, type CommandContext } from '../command.ts';

export async function syncStatus(context: CommandContext): Promise<number> {
  const { config } = context;
  // Loaded while PostgreSQL is being reached: that takes as long.
  const [database, { readMonitorView }, { judge }, { toJson }, draw] = await Promise.all([
    openStore(config, { connections: 1 }),
    import('../../monitor/monitor-view.ts'),
    import('../../monitor/verdict.ts'),
    import('../../monitor/finding.ts'),
    context.isJson ? null : import('../monitor/draw-monitor.ts'),
  ]);
  try {
    const view = await readMonitorView(database.pool, config);
    const verdict = judge(view);
    const found = { ...verdict, problems: verdict.problems.map(toJson), ...view };
    return answer(context, found, () => draw!.drawStatus(view), verdict.healthy);
  } finally {
    await database.close();
  }
}
