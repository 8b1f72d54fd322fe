/** How the fleet is at one moment: for the minute that is written down, and for /metrics of every process. Pure. */

import { type Family, gauge } from '../../metrics.ts';
import type { Figures } from '../../store/observation/figures.ts';
import type { Facts } from '../alerts/facts.ts';

/** Within what its cities are promised, or not further past it than happens between two syncs. */
const isFresh = (verdict: string): boolean => verdict === 'fresh' || verdict === 'late';

const oldestWait = ({ view }: Facts): number => {
  const due = view.queue.waiting.filter(({ not_before }) => not_before === null || not_before <= view.at);
  const since = due.map(({ not_before, requested_at }) => (not_before ?? requested_at).getTime());
  return since.length === 0 ? 0 : Math.max(0, (view.at.getTime() - Math.min(...since)) / 1_000);
};

const diskShare = ({ disk }: Facts): number | null =>
  disk && 1 - disk.free_bytes / Math.max(1, disk.total_bytes);

export function sampleOf(facts: Facts): Pick<Figures, 'tdsps' | 'readings'> {
  const { view, replication } = facts;
  const tdsps: Figures['tdsps'] = {};
  for (const { duns, age_seconds, plans, verdict } of view.tdsps) {
    tdsps[duns] = { age_seconds, plans, fresh: isFresh(verdict) ? 1 : 0, known: 1, published: 0 };
  }
  const alive = view.workers.filter(({ state }) => state === 'alive');
  const vitals = alive.flatMap((worker) => worker.vitals ?? []);
  const most = (values: readonly number[]) => (values.length === 0 ? {} : { value: Math.max(...values) });
  const { value: loop_lag_ms } = most(vitals.map((one) => one.loop_lag_ms));
  const disk = diskShare(facts);
  const lags = (replication?.replicas ?? []).map(({ lag_seconds }) => lag_seconds ?? 0);
  return {
    tdsps,
    readings: {
      waiting: view.queue.waiting.length,
      claimed: view.queue.claimed.length,
      oldest_waiting_seconds: oldestWait(facts),
      calls_last_hour: view.upstream.calls_last_hour,
      budget_per_hour: view.upstream.budget_per_hour,
      circuit_open: view.upstream.circuit === 'closed' ? 0 : 1,
      held: view.tdsps.filter(({ held_because }) => held_because !== null).length,
      dead_letters: view.dead_letters.length,
      processes: alive.length,
      silent_processes: view.workers.filter(({ state }) => state === 'silent').length,
      ...(loop_lag_ms === undefined ? {} : { loop_lag_ms }),
      ...(vitals.length === 0
        ? {}
        : { memory_bytes: vitals.reduce((sum, { memory_bytes }) => sum + memory_bytes, 0) }),
      ...(disk === null ? {} : { disk_used_share: disk }),
      ...(lags.length === 0 ? {} : { replica_lag_seconds: Math.max(...lags) }),
    },
  };
}

/** Of the whole fleet: the same from every process, so take their maximum and never their sum. */
export function fleetFamilies(facts: Facts, remarks: Readonly<Record<string, number>>): Family[] {
  const { view, hour } = facts;
  const { upstream, queue, tdsps, control } = view;
  const { readings } = sampleOf(facts);
  const by = <T>(
    all: readonly T[],
    value: (one: T) => number | null,
    labels: (one: T) => Record<string, string>,
  ) =>
    all.flatMap((one) => {
      const found = value(one);
      return found === null ? [] : [{ labels: labels(one), value: found }];
    });
  const ofTdsp = ({ code }: { code: string }) => ({ tdsp: code });
  const source = { source: upstream.source };
  const left = Math.max(0, upstream.budget_per_hour - upstream.calls_last_hour);
  const states = ['running', 'stopped', 'emergency'] as const;
  const circuits = ['closed', 'half_open', 'open'] as const;
  const fleet = (name: string, help: string, samples: Parameters<typeof gauge>[2]) =>
    gauge(`wattsync_fleet_${name}`, `${help} Of the whole fleet.`, samples);
  return [
    fleet(
      'snapshot_age_seconds',
      'Time since the upstream last confirmed the plans of a TDSP.',
      by(tdsps, ({ age_seconds }) => age_seconds, ofTdsp),
    ),
    fleet(
      'snapshot_age_ratio',
      'Age of the plans of a TDSP as a multiple of what its cities of a tier are promised.',
      tdsps.flatMap(({ duns, code, age_seconds }) =>
        age_seconds === null
          ? []
          : (facts.promises.get(duns) ?? []).map(({ tier, target_hours }) => ({
              labels: { tdsp: code, tier },
              value: age_seconds / 3_600 / target_hours,
            })),
      ),
    ),
    fleet(
      'snapshot_fresh',
      '1: the plans of a TDSP are within the age its cities are promised.',
      by(tdsps, ({ verdict }) => (isFresh(verdict) ? 1 : 0), ofTdsp),
    ),
    fleet(
      'plans',
      'Plans published of a TDSP.',
      by(tdsps, ({ plans }) => plans, ofTdsp),
    ),
    fleet(
      'snapshot_held',
      '1: a snapshot of a TDSP is held back.',
      by(tdsps, ({ held_because }) => (held_because === null ? 0 : 1), ofTdsp),
    ),
    fleet(
      'rejected_records',
      'Records of the last answer for a TDSP that could not be read.',
      by(tdsps, ({ last_result }) => last_result?.plans?.rejected ?? 0, ofTdsp),
    ),
    fleet('budget_left_calls', 'Upstream calls left of the last hour.', [{ labels: source, value: left }]),
    fleet('reserve_left_calls', 'Calls left that only forced syncs may make.', [
      { labels: source, value: Math.min(left, upstream.reserve_per_hour) },
    ]),
    fleet('calls_last_hour', 'Upstream calls within the last hour.', [
      { labels: source, value: upstream.calls_last_hour },
    ]),
    fleet(
      'circuit_state',
      '1: the circuit of the upstream is in this state.',
      circuits.map((state) => ({ labels: { ...source, state }, value: upstream.circuit === state ? 1 : 0 })),
    ),
    fleet('queue_targets', 'TDSPs that wait or are being synced.', [
      { labels: { state: 'waiting' }, value: queue.waiting.length },
      { labels: { state: 'claimed' }, value: queue.claimed.length },
    ]),
    fleet(
      'queue_oldest_seconds',
      'How long the longest of those that may begin has waited.',
      readings.oldest_waiting_seconds ?? 0,
    ),
    fleet('dead_letters', 'TDSPs whose sync was given up.', view.dead_letters.length),
    fleet(
      'sync_state',
      '1: syncing is in this state.',
      states.map((state) => ({ labels: { state }, value: control.state === state ? 1 : 0 })),
    ),
    fleet(
      'runs_last_hour',
      'Runs that ended within the last hour.',
      (['succeeded', 'partial', 'failed', 'stopped', 'cancelled'] as const).map((status) => ({
        labels: { status },
        value: hour.runs[status] ?? 0,
      })),
    ),
    fleet(
      'processes',
      'Processes, by whether they are alive.',
      (['alive', 'silent'] as const).map((state) => ({
        labels: { state },
        value: view.workers.filter((one) => one.state === state).length,
      })),
    ),
    fleet(
      'quality_remarks',
      'What is odd about the data of the stored plans, by rule.',
      Object.entries(remarks).map(([rule, value]) => ({ labels: { rule }, value })),
    ),
    fleet(
      'freshness_burn_rate',
      'How many times as fast as it may the budget of fresh minutes is used up, in the last hour.',
      by(
        facts.burnFast,
        ({ pairs }) => pairs[0]!.long,
        ({ duns }) => ofTdsp(tdsps.find((one) => one.duns === duns) ?? { code: duns }),
      ),
    ),
    fleet('disk_used_ratio', 'Share of the disk of the embedded database that is used.', diskShare(facts)),
    fleet(
      'certificate_ends_timestamp_seconds',
      'When the TLS certificate of the upstream ends.',
      upstream.certificate_ends_at && [
        { labels: source, value: upstream.certificate_ends_at.getTime() / 1_000 },
      ],
    ),
  ];
}
