/** Verdicts about the server: settings, counters, disk, replication. */

import type { DatabaseReading } from '../../store/upkeep/query-stats.ts';
import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import type { Setting } from '../../store/upkeep/readings/server.ts';
import { countText, MB, percentText, plural, sizeText, spanText } from '../amounts.ts';
import { fine, graded, type HealthLimits, type HealthLine, judged, linesOf, sqlCommand } from './line.ts';

export function judgeServer(readings: HealthReadings, limits: HealthLimits): HealthLine[] {
  return [
    ...settings(readings),
    ...cacheHit(readings, limits),
    ...checkpoints(readings),
    ...tempFiles(readings, limits),
    ...deadlocks(readings, limits),
    ...checksums(readings),
    ...wraparound(readings, limits),
    ...sequences(readings, limits),
    ...replication(readings, limits),
    ...archiving(readings),
    ...disk(readings, limits),
  ];
}

const set = (name: string, value: string): string =>
  sqlCommand(`alter system set ${name} = ${value}`, 'select pg_reload_conf()');

const MUST_BE_ON: [Setting, string][] = [
  ['fsync', 'A power cut can destroy the database.'],
  ['full_page_writes', 'A power cut can leave pages half written.'],
  ['autovacuum', 'Dead rows stay, statistics grow old, and in the end PostgreSQL stops writing.'],
  ['track_counts', 'Autovacuum sees nothing to do without it.'],
];

function settings({ settings: reading }: HealthReadings): HealthLine[] {
  return judged('settings', reading, (values) => {
    const findings = MUST_BE_ON.filter(([name]) => values[name] === 'off').map(([name, advice]) => ({
      verdict: 'bad' as const,
      subject: name,
      reading: `${name} is off`,
      advice,
      command: set(name, 'on'),
    }));
    const io =
      values.track_io_timing === 'off' ? '; track_io_timing off: time spent on disk is not known' : '';
    return linesOf('settings', 'fsync, full_page_writes, autovacuum, track_counts on', `safe${io}`, findings);
  });
}

/** So many pages have to be asked for before a share of them means something: 800 MB. */
const PAGES_THAT_TELL = 100_000;

function cacheHit(
  { counters: reading, settings: set, server }: HealthReadings,
  limits: HealthLimits,
): HealthLine[] {
  const limit = `≥ ${limits.cache_hit_warn_percent} %`;
  return judged('cache_hit', reading, ({ blocks_hit, blocks_read }) => {
    const asked = blocks_hit + blocks_read;
    const share = blocks_hit / Math.max(1, asked);
    const buffers = 'value' in set ? Number(set.value.shared_buffers) : null;
    const size = 'value' in server ? server.value.bytes : null;
    const about = buffers && size ? `; shared_buffers ${sizeText(buffers)}, database ${sizeText(size)}` : '';
    const text =
      asked === 0 ? `nothing read yet${about}` : `${percentText(share)} of ${countText(asked)} pages${about}`;
    if (asked < PAGES_THAT_TELL || share >= limits.cache_hit_warn_percent / 100)
      return [fine('cache_hit', text, limit)];
    return linesOf('cache_hit', limit, '', [
      {
        verdict: 'warn',
        subject: null,
        reading: text,
        advice:
          'Too much comes from outside shared_buffers. A quarter of the memory is usual; it takes effect with a restart.',
        command: sqlCommand("alter system set shared_buffers = '1GB'"),
      },
    ]);
  });
}

function checkpoints({ checkpoints: reading, settings: values }: HealthReadings): HealthLine[] {
  const limit = 'by the clock rather than by full WAL';
  return judged('checkpoints', reading, ({ timed, requested, seconds, wal_bytes }) => {
    const text = `${timed} by the clock, ${requested} on request, ${sizeText(wal_bytes)} of WAL in ${spanText(seconds)}`;
    const size = 'value' in values ? Number(values.value.max_wal_size) : Number.NaN;
    const every = 'value' in values ? Number(values.value.checkpoint_timeout) : Number.NaN;
    // Requests come from commands, too. WAL forces one when about half of max_wal_size is written since the last.
    const forced = wal_bytes / (size / 2);
    const isForced = requested > 10 && requested > timed && seconds > 0 && forced > (2 * seconds) / every;
    if (!isForced) return [fine('checkpoints', text, limit)];
    return linesOf('checkpoints', limit, '', [
      {
        verdict: 'warn',
        subject: null,
        reading: text,
        advice: 'Each makes all following changes write whole pages. Give the WAL more room.',
        command: set('max_wal_size', `'${Math.ceil((size * 2) / (1 << 20))}MB'`),
      },
    ]);
  });
}

const days = (seconds: number | null): number => Math.max(1, (seconds ?? 0) / 86_400);

function tempFiles({ counters: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const limit = `< ${limits.temp_files_warn_mb_per_day} MB a day`;
  return judged('temp_files', reading, ({ temp_bytes, temp_files, since_seconds }) => {
    const perDay = temp_bytes / days(since_seconds);
    const text =
      temp_files === 0
        ? 'none'
        : `${plural(temp_files, 'file')}, ${sizeText(temp_bytes)} in ${spanText(since_seconds ?? 0)}`;
    if (perDay < limits.temp_files_warn_mb_per_day * MB) return [fine('temp_files', text, limit)];
    return linesOf('temp_files', limit, '', [
      {
        verdict: 'warn',
        subject: null,
        reading: text,
        advice:
          'Sorts and joins do not fit into work_mem and go over the disk. Raise it, with the number of connections in mind.',
        command: set('work_mem', "'32MB'"),
      },
    ]);
  });
}

function deadlocks({ counters: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const limit = `≤ ${limits.deadlocks_warn_per_day} a day`;
  return judged('deadlocks', reading, ({ deadlocks, since_seconds }) => {
    const text = deadlocks === 0 ? 'none' : `${countText(deadlocks)} in ${spanText(since_seconds ?? 0)}`;
    if (deadlocks / days(since_seconds) <= limits.deadlocks_warn_per_day)
      return [fine('deadlocks', text, limit)];
    return linesOf('deadlocks', limit, '', [
      {
        verdict: 'warn',
        subject: null,
        reading: text,
        advice:
          'Transactions wait for each other in a circle; PostgreSQL ends one of them. Its log says which.',
        command: sqlCommand("select pg_current_logfile(), current_setting('log_directory')"),
      },
    ]);
  });
}

function checksums({ counters: reading }: HealthReadings): HealthLine[] {
  return judged('checksums', reading, ({ checksum_failures }) => {
    if (checksum_failures === null)
      return [fine('checksums', 'off: damage of the disk is not noticed', 'no failure')];
    if (checksum_failures === 0) return [fine('checksums', 'on, no failure', 'no failure')];
    return linesOf('checksums', 'no failure', '', [
      {
        verdict: 'bad',
        subject: null,
        reading: `${plural(checksum_failures, 'page')} did not hold what was written`,
        advice:
          'The disk or the memory is failing. Back up now what can be read, and restore it on another machine.',
        command: 'npm run db:backup -- rescue.tar.zst',
      },
    ]);
  });
}

const LAST_TRANSACTION = 2 ** 31;

function wraparound({ wraparound: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { wraparound_warn_percent, wraparound_bad_percent } = limits;
  return judged('wraparound', reading, ({ transactions, multixacts }) => {
    const share = Math.max(transactions, multixacts) / LAST_TRANSACTION;
    const text = `${percentText(share)} of the way (${countText(transactions)} transactions, ${countText(multixacts)} multixacts)`;
    const verdict = graded(share * 100, wraparound_warn_percent, wraparound_bad_percent);
    if (verdict === null) return [fine('wraparound', text, `< ${wraparound_warn_percent} %`)];
    return linesOf('wraparound', `< ${wraparound_warn_percent} %`, '', [
      {
        verdict,
        subject: null,
        reading: text,
        advice:
          'At 100 % PostgreSQL stops writing. Something keeps autovacuum from freezing: see long_transactions.',
        command: 'npm run db:optimize -- --freeze',
      },
    ]);
  });
}

function sequences({ sequences: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { sequence_warn_percent, sequence_bad_percent } = limits;
  return judged('sequences', reading, (all) => {
    const findings = all.flatMap(({ name, used }) => {
      const verdict = graded(used * 100, sequence_warn_percent, sequence_bad_percent);
      if (verdict === null) return [];
      return {
        verdict,
        subject: name,
        reading: `${name} has given ${percentText(used)} of its numbers`,
        advice: 'When the last is given, inserts fail. Give the sequence and its column a larger type.',
        command: sqlCommand(`alter sequence ${name} as bigint`),
      };
    });
    const most = all[0];
    const ok = most ? `at most ${percentText(most.used)} used (${most.name})` : 'none used';
    return linesOf('sequences', `< ${sequence_warn_percent} % used`, ok, findings);
  });
}

function replication({ replication: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const limit = `lag < ${spanText(limits.replica_lag_warn_seconds)}, slots keep < ${limits.slot_warn_mb} MB`;
  return judged('replication', reading, ({ replicas, slots, own_lag_seconds }) => {
    const findings = [];
    for (const { name, state, lag_seconds, lag_bytes } of replicas) {
      const verdict = graded(
        lag_seconds ?? 0,
        limits.replica_lag_warn_seconds,
        limits.replica_lag_bad_seconds,
      );
      if (verdict === null) continue;
      findings.push({
        verdict,
        subject: name,
        reading: `${name} (${state}) is ${spanText(lag_seconds ?? 0)} and ${sizeText(lag_bytes ?? 0)} behind`,
        advice:
          'Whoever reads there reads old plans. Look after its disk, its network and long queries on it.',
        command: sqlCommand('select * from pg_stat_replication'),
      });
    }
    for (const { name, is_active, kept_bytes, wal_status } of slots) {
      const isLost = wal_status === 'lost';
      const verdict = isLost
        ? 'bad'
        : graded((kept_bytes ?? 0) / MB, limits.slot_warn_mb, limits.slot_bad_mb);
      if (verdict === null) continue;
      findings.push({
        verdict,
        subject: name,
        reading: isLost
          ? `the slot ${name} lost its WAL: who used it must be set up anew`
          : `the ${is_active ? '' : 'unused '}slot ${name} keeps ${sizeText(kept_bytes ?? 0)} of WAL`,
        advice: is_active
          ? 'Who uses it is slow.'
          : 'It fills the disk. Drop it, if nobody comes back for it.',
        command: sqlCommand(`select pg_drop_replication_slot('${name}')`),
      });
    }
    const own = graded(own_lag_seconds ?? 0, limits.replica_lag_warn_seconds, limits.replica_lag_bad_seconds);
    if (own !== null) {
      findings.push({
        verdict: own,
        subject: 'this standby',
        reading: `this standby is ${spanText(own_lag_seconds ?? 0)} behind`,
        advice: 'Look after its connection to the primary and long queries on it.',
        command: sqlCommand('select * from pg_stat_wal_receiver'),
      });
    }
    const ok =
      replicas.length + slots.length === 0
        ? own_lag_seconds === null
          ? 'none'
          : `a standby, ${spanText(own_lag_seconds)} behind`
        : `${plural(replicas.length, 'replica')}, ${plural(slots.length, 'slot')}, all in time`;
    return linesOf('replication', limit, ok, findings);
  });
}

function archiving({ archiver: reading, settings: values }: HealthReadings): HealthLine[] {
  const mode = 'value' in values ? values.value.archive_mode : 'off';
  if (mode === 'off' || mode === undefined) return [];
  return judged('archiving', reading, ({ failed_since_last_success, last_failed }) => {
    if (!failed_since_last_success) return [fine('archiving', 'WAL is archived', 'no failure')];
    return linesOf('archiving', 'no failure', '', [
      {
        verdict: 'bad',
        subject: null,
        reading: `archiving fails since ${last_failed}`,
        advice: 'WAL piles up until the disk is full. The log of PostgreSQL says why archive_command fails.',
        command: sqlCommand('select * from pg_stat_archiver'),
      },
    ]);
  });
}

function disk(readings: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { disk_warn_percent, disk_bad_percent } = limits;
  const size = 'value' in readings.server ? readings.server.value.bytes : null;
  const growth = 'value' in readings.growth ? growthPerDay(readings.growth.value) : null;
  const about = [
    size === null ? '' : `database ${sizeText(size)}`,
    growth === null ? '' : `${growth < 0 ? '−' : '+'}${sizeText(Math.abs(growth))} a day`,
  ].filter(Boolean);
  if ('unreadable' in readings.disk) {
    const text = [...about, `free space unknown: ${readings.disk.unreadable}`].join(', ');
    return [fine('disk', text, `< ${disk_warn_percent} %`)];
  }
  return judged('disk', readings.disk, ({ total_bytes, free_bytes }) => {
    const share = (total_bytes - free_bytes) / Math.max(1, total_bytes);
    const left = growth !== null && growth > 0 ? free_bytes / growth : null;
    const text = [
      `${percentText(share)} full, ${sizeText(free_bytes)} free`,
      ...about,
      left !== null && left < 3_650 ? `full in ${plural(Math.floor(left), 'day')} at this rate` : '',
    ].filter(Boolean);
    const verdict = graded(share * 100, disk_warn_percent, disk_bad_percent);
    const limit = `< ${disk_warn_percent} %`;
    if (verdict === null) return [fine('disk', text.join(', '), limit)];
    return linesOf('disk', limit, '', [
      {
        verdict,
        subject: null,
        reading: text.join(', '),
        advice:
          'When it is full, PostgreSQL stops. Remove what is past its time, then what else lies on the disk.',
        command: 'npm run db:maintenance',
      },
    ]);
  });
}

/** Bytes a day between the first and the last reading; `null` before there is a day of them. */
export function growthPerDay(
  readings: readonly Pick<DatabaseReading, 'taken_at' | 'bytes'>[],
): number | null {
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last) return null;
  const span = (last.taken_at.getTime() - first.taken_at.getTime()) / 86_400_000;
  return span < 1 ? null : (last.bytes - first.bytes) / span;
}
