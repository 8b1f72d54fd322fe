import { WattsyncError } from '../../errors.ts';

/** Worker after worker was lost with the same TDSP. */
export class SyncJobLostError extends WattsyncError {
  readonly code = 'sync_job_lost';
  readonly retryable = false;

  constructor(attempts: number) {
    super(
      `${attempts} workers died or froze while they synced this TDSP. The published plans stay. ` +
        'Look at the log and the memory of the workers, then: npm run sync:redrive',
    );
  }
}

/** The run was ended before it was done. */
export class SyncCancelledError extends WattsyncError {
  readonly code = 'sync_cancelled';
  readonly retryable = true;
}
