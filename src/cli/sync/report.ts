/** How a sync went, in words. */

import type { PlanCounts } from '../../store/queue/sync-runs.ts';
import type { Outcome } from '../../sync/publish/outcome.ts';
import type { SyncReport } from '../../sync/work/report.ts';
import type { Territory } from '../../territory/territory.ts';

export function describeOutcome({
  status,
  plans,
  message,
}: Pick<Outcome, 'status' | 'plans' | 'message'>): string {
  if (message !== null) return `${status}: ${message}`;
  if (!plans) return status === 'shared' ? 'another sync had just fetched it' : 'fresh, nothing fetched';
  const changes = describeChanges(plans);
  return `${plans.seen} plans${changes === '' ? ', nothing changed' : `: ${changes}`}`;
}

/** `2 new, 3 changed`; empty where nothing changed. */
export function describeChanges({ added, changed, deactivated, rejected }: PlanCounts): string {
  const counts: [number, string][] = [
    [added, 'new'],
    [changed, 'changed'],
    [deactivated, 'gone'],
    [rejected, 'rejected'],
  ];
  return counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(', ');
}

export function describeReport(report: SyncReport, territory: Territory): string {
  const { run_id, status, api_calls, plans, duration_ms, schema_drift, skipped } = report;
  const lines = [
    `Run ${run_id} ${status}: ${plans.seen} plans seen, ${plans.added} new, ${plans.changed} changed, ` +
      `${plans.unchanged} unchanged, ${plans.deactivated} gone, ${plans.rejected} rejected; ` +
      `${api_calls} upstream ${api_calls === 1 ? 'call' : 'calls'} in ${(duration_ms / 1000).toFixed(1)} s`,
  ];
  for (const { tdsp_duns, message } of report.errors) {
    const name = tdsp_duns === null ? 'run' : (territory.tdsp(tdsp_duns)?.short_name ?? tdsp_duns);
    lines.push(`  ${name}: ${message}`);
  }
  if (plans.rejected > 0)
    lines.push('  Rejected records are kept with their reasons in the table quarantined_records.');
  if (schema_drift.length > 0) lines.push(`  The upstream changed its fields: ${schema_drift.join(', ')}`);
  for (const [reason, count] of Object.entries(skipped)) lines.push(`  Left out: ${count} × ${reason}`);
  if (report.source === 'sandbox') lines.push('  This is sandbox data: plans and prices are invented.');
  return lines.join('\n');
}
