/** What a sync will do, and how it went, in words. */

import { plural, tookText } from '../../monitor/text.ts';
import type { PlannedTarget } from '../../planning/plan-targets.ts';
import type { PlanCounts } from '../../store/queue/sync-runs.ts';
import type { Outcome } from '../../sync/publish/outcome.ts';
import type { SyncReport } from '../../sync/work/report.ts';
import type { Territory } from '../../territory/territory.ts';

const DECISIONS = {
  queued: 'to be fetched',
  merged: 'waits already',
  joined: 'being fetched',
  fresh: 'fresh',
} as const;

export const nameOf = (territory: Territory, duns: string): string =>
  territory.tdsp(duns)?.short_name ?? duns;

export function describePlan(targets: readonly PlannedTarget[], territory: Territory): string {
  if (targets.length === 0) return 'No TDSP is needed.';
  return targets
    .flatMap(({ tdsp_duns, decision, priority, reason }) => [
      `${nameOf(territory, tdsp_duns).padEnd(18)} ${DECISIONS[decision].padEnd(14)} priority ${priority}`,
      `    ${reason}`,
    ])
    .join('\n');
}

export function describeOutcome({
  status,
  plans,
  message,
}: Pick<Outcome, 'status' | 'plans' | 'message'>): string {
  if (message !== null && !plans) return `${status}: ${message}`;
  if (!plans) return status === 'shared' ? 'another sync had just fetched it' : 'fresh, nothing fetched';
  const counts = `${plans.seen} plans${describeChanges(plans, ': ') || ', nothing changed'}`;
  return message === null ? counts : `${counts}; ${message}`;
}

/** `2 new, 3 changed`, with `before` in front; empty where nothing changed. */
export function describeChanges({ added, changed, deactivated, rejected }: PlanCounts, before = ''): string {
  const counts = Object.entries({ new: added, changed, gone: deactivated, rejected });
  const parts = counts.flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  return parts.length === 0 ? '' : before + parts.join(', ');
}

export function describeReport(report: SyncReport, territory: Territory): string {
  const { run_id, status, api_calls, plans, duration_ms, schema_drift, skipped, tdsps } = report;
  if (tdsps.length > 0 && tdsps.every((tdsp) => tdsp.status === 'fresh')) {
    return `Run ${run_id} ${status}: everything is fresh, nothing was fetched. Use --force to fetch it all the same.`;
  }
  const lines = [
    `Run ${run_id} ${status}: ${plans.seen} plans seen, ${plans.added} new, ${plans.changed} changed, ` +
      `${plans.unchanged} unchanged, ${plans.deactivated} gone, ${plans.rejected} rejected; ` +
      `${plural(api_calls, 'upstream call')} in ${tookText(duration_ms)}`,
  ];
  for (const { tdsp_duns, message } of report.errors) {
    lines.push(`  ${tdsp_duns === null ? 'run' : nameOf(territory, tdsp_duns)}: ${message}`);
  }
  if (plans.rejected > 0)
    lines.push('  Rejected records are kept with their reasons in the table quarantined_records.');
  if (schema_drift.length > 0) lines.push(`  The upstream changed its fields: ${schema_drift.join(', ')}`);
  for (const [reason, count] of Object.entries(skipped)) lines.push(`  Left out: ${count} × ${reason}`);
  if (report.source === 'sandbox') lines.push('  This is sandbox data: plans and prices are invented.');
  return lines.join('\n');
}
