/** `sync status`: how syncing is at this moment, and whether that is well. Loads little, for it is asked often. */

import { openStore } from '../../app/open.ts';
import type { CommandContext } from '../command.ts';

export async function syncStatus({ config, isJson }: CommandContext): Promise<number> {
  // Loaded while PostgreSQL is being reached: that takes as long.
  const [database, { readMonitorView }, { judge }] = await Promise.all([
    openStore(config, 1),
    import('../../monitor/monitor-view.ts'),
    import('../../monitor/verdict.ts'),
  ]);
  try {
    const view = await readMonitorView(database.pool, config);
    const verdict = judge(view);
    if (isJson) console.log(JSON.stringify({ ...verdict, ...view }));
    else {
      const { drawMonitor } = await import('../monitor/draw-monitor.ts');
      const { inkOf, columnsOf } = await import('../monitor/terminal.ts');
      const options = { title: 'sync status', rows: null, columns: columnsOf(process.stdout) };
      console.log(drawMonitor(view, { ...options, ...inkOf(process.stdout) }).join('\n'));
    }
    return verdict.healthy ? 0 : 1;
  } finally {
    await database.close();
  }
}
