import { WattsyncError } from '../../errors.ts';
import type { Control } from './sync-control.ts';

/** An emergency was declared: nothing syncs, whatever asks. */
export class SyncHaltedError extends WattsyncError {
  readonly code = 'sync_halted';
  readonly retryable = true;

  constructor({ changed_at, changed_by, reason }: Pick<Control, 'changed_at' | 'changed_by' | 'reason'>) {
    super(
      `Syncing was halted by an emergency at ${changed_at.toISOString()} (${changed_by}${reason ? `: ${reason}` : ''}). ` +
        'Stored plans are served all the same. When the cause is fixed run: npm run sync:resume',
    );
  }
}

/** Syncing was stopped: what runs may end, nothing begins. */
export class SyncStoppedError extends WattsyncError {
  readonly code = 'sync_stopped';
  readonly retryable = true;

  constructor({ changed_at, changed_by, reason }: Pick<Control, 'changed_at' | 'changed_by' | 'reason'>) {
    super(
      `Syncing was stopped at ${changed_at.toISOString()} (${changed_by}${reason ? `: ${reason}` : ''}). ` +
        'Start it again with npm run sync:resume, or with npm run sync:priority, which resumes and syncs what is most wanted.',
    );
  }
}
