/** The server: settings, counters, disk, replication. */

import type { DatabaseReading } from '../../store/upkeep/query-stats.ts';
import type { DiskSpace } from '../../store/upkeep/readings/disk.ts';
import type { Reading } from '../../store/upkeep/readings/reading.ts';
import type { Replication, Setting } from '../../store/upkeep/readings/server.ts';
import { DAY_MS } from '../../units.ts';
import { graded } from '../finding.ts';
import { countText, limitText, MB, percentText, plural, sizeText, spanText } from '../text.ts';
import { type Context, type Judged, known, on, type Problem, problem, single, sqlCommand } from './check.ts';
import type { HealthLimits } from './limits.ts';

const set = (name: string, value: string): string =>
  sqlCommand(`alter system set ${name} = ${value}`, 'select pg_reload_conf()');

const MUST_BE_ON: [Setting, string][] = [
  ['fsync', 'A power cut can destroy the database.'],
  ['full_page_writes', 'A power cut can leave pages half written.'],
  ['autovacuum', 'Dead rows stay, statistics grow old, and in the end PostgreSQL stops writing.'],
  ['track_counts', 'Autovacuum sees nothing to do without it.'],
];

/** A share of fewer pages than these (800 MB) means nothing. */
const PAGES_THAT_TELL = 100_000;

/** Of what was counted since; within the first day all of it counts as a day's. */
const perDay = (counted: number, since_seconds: number | null): number =>
  counted / Math.max(1, ((since_seconds ?? 0) * 1_000) / DAY_MS);

const LAST_TRANSACTION = 2 ** 31;

function judgeReplica(replica: Replication['replicas'][number], limits: HealthLimits): Problem[] {
  const { name, state, lag_seconds, lag_bytes } = replica;
  return problem(gradeLag(lag_seconds, limits), name, {
    reading: `${name} (${state}) is ${spanText(lag_seconds ?? 0)} and ${sizeText(lag_bytes ?? 0)} behind`,
    advice: 'Programs that read there get old plans. Check its disk, its network and long queries on it.',
    command: sqlCommand('select * from pg_stat_replication'),
  });
}

const gradeLag = (seconds: number | null, limits: HealthLimits): Problem['verdict'] | null =>
  graded(seconds ?? 0, limits.replica_lag_warn_seconds, limits.replica_lag_bad_seconds);

function judgeSlot(slot: Replication['slots'][number], limits: HealthLimits): Problem[] {
  const { name, is_active, kept_bytes, wal_status } = slot;
  const isLost = wal_status === 'lost';
  const verdict = isLost ? 'bad' : graded((kept_bytes ?? 0) / MB, limits.slot_warn_mb, limits.slot_bad_mb);
  return problem(verdict, name, {
    reading: isLost
      ? `the slot ${name} lost its WAL: its replica must be set up again`
      : `the ${is_active ? '' : 'unused '}slot ${name} keeps ${sizeText(kept_bytes ?? 0)} of WAL`,
    advice: is_active ? 'Its replica is slow.' : 'It fills the disk. Drop it, unless its replica comes back.',
    command: sqlCommand(`select pg_drop_replication_slot('${name}')`),
  });
}

/**
 * How full a disk is. That of another server cannot be seen; the reading then says what is known of the database.
 * @param growth bytes a day; `null` where it is not known yet
 */
export function judgeDisk(
  disk: Reading<DiskSpace>,
  { bytes, growth }: { bytes: number | null; growth: number | null },
  { disk_warn_percent, disk_bad_percent }: Pick<HealthLimits, 'disk_warn_percent' | 'disk_bad_percent'>,
): Judged {
  const space = known(disk);
  const share = space && (space.total_bytes - space.free_bytes) / Math.max(1, space.total_bytes);
  const daysLeft = space && growth !== null && growth > 0 ? Math.floor(space.free_bytes / growth) : Infinity;
  const text = [
    space && share !== null ? `${percentText(share)} full, ${sizeText(space.free_bytes)} free` : '',
    bytes === null ? '' : `database ${sizeText(bytes)}`,
    growth === null ? '' : `${growth < 0 ? '−' : '+'}${sizeText(Math.abs(growth))} a day`,
    daysLeft < 3_650 ? `full in ${plural(daysLeft, 'day')} at this rate` : '',
    'unreadable' in disk ? `free space unknown: ${disk.unreadable}` : '',
  ];
  return single(
    `< ${disk_warn_percent} %`,
    text.filter(Boolean).join(', '),
    share === null ? null : graded(share * 100, disk_warn_percent, disk_bad_percent),
    {
      advice: 'When it is full, PostgreSQL stops. Remove what is past its time, then other files.',
      command: 'npm run db:maintenance',
    },
  );
}

/** Bytes a day between the first and the last reading; `null` before there is a day of them. */
export function growthPerDay(
  readings: readonly Pick<DatabaseReading, 'taken_at' | 'bytes'>[],
): number | null {
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last) return null;
  const days = (last.taken_at.getTime() - first.taken_at.getTime()) / DAY_MS;
  return days < 1 ? null : (last.bytes - first.bytes) / days;
}

export const SERVER_CHECKS = {
  settings: on('settings', (values) => ({
    limit: 'fsync, full_page_writes, autovacuum, track_counts on',
    reading:
      values.track_io_timing === 'off'
        ? 'safe; track_io_timing off: time spent on disk is not known'
        : 'safe',
    problems: MUST_BE_ON.flatMap(([name, advice]) =>
      problem(values[name] === 'off' ? 'bad' : null, name, {
        reading: `${name} is off`,
        advice,
        command: set(name, 'on'),
      }),
    ),
  })),

  cache_hit: on('counters', ({ blocks_hit, blocks_read }, { readings, limits }) => {
    const asked = blocks_hit + blocks_read;
    const share = blocks_hit / Math.max(1, asked);
    const buffers = Number(known(readings.settings)?.shared_buffers);
    const size = known(readings.server)?.bytes;
    const about = buffers && size ? `; shared_buffers ${sizeText(buffers)}, database ${sizeText(size)}` : '';
    const read = asked === 0 ? 'nothing read yet' : `${percentText(share)} of ${countText(asked)} pages`;
    const isLow = asked >= PAGES_THAT_TELL && share < limits.cache_hit_warn_percent / 100;
    return single(`≥ ${limits.cache_hit_warn_percent} %`, read + about, isLow ? 'warn' : null, {
      advice:
        'Too much comes from outside shared_buffers. A quarter of the memory is usual; it takes effect with a restart.',
      command: sqlCommand("alter system set shared_buffers = '1GB'"),
    });
  }),

  checkpoints: on('checkpoints', ({ timed, requested, seconds, wal_bytes }, { readings }) => {
    const values = known(readings.settings);
    const [size, every] = [Number(values?.max_wal_size), Number(values?.checkpoint_timeout)];
    // Requests come from commands, too. WAL forces one when about half of max_wal_size is written since the last.
    const forced = wal_bytes / (size / 2);
    const isForced = requested > 10 && requested > timed && seconds > 0 && forced > (2 * seconds) / every;
    return single(
      'by the clock rather than by full WAL',
      `${timed} by the clock, ${requested} on request, ${sizeText(wal_bytes)} of WAL in ${spanText(seconds)}`,
      isForced ? 'warn' : null,
      {
        advice: 'Each makes all following changes write whole pages. Give the WAL more room.',
        command: set('max_wal_size', `'${Math.ceil((size * 2) / MB)}MB'`),
      },
    );
  }),

  temp_files: on(
    'counters',
    ({ temp_bytes, temp_files, since_seconds }, { limits: { temp_files_warn_mb_per_day } }) =>
      single(
        `< ${temp_files_warn_mb_per_day} MB a day`,
        temp_files === 0
          ? 'none'
          : `${plural(temp_files, 'file')}, ${sizeText(temp_bytes)} in ${spanText(since_seconds ?? 0)}`,
        perDay(temp_bytes, since_seconds) >= temp_files_warn_mb_per_day * MB ? 'warn' : null,
        {
          advice:
            'Sorts and joins do not fit into work_mem and go over the disk. Raise it, with the number of connections in mind.',
          command: set('work_mem', "'32MB'"),
        },
      ),
  ),

  deadlocks: on('counters', ({ deadlocks, since_seconds }, { limits: { deadlocks_warn_per_day } }) =>
    single(
      `≤ ${deadlocks_warn_per_day} a day`,
      deadlocks === 0 ? 'none' : `${countText(deadlocks)} in ${spanText(since_seconds ?? 0)}`,
      perDay(deadlocks, since_seconds) > deadlocks_warn_per_day ? 'warn' : null,
      {
        advice:
          'Transactions wait for each other in a circle; PostgreSQL ends one of them. Its log says which.',
        command: sqlCommand("select pg_current_logfile(), current_setting('log_directory')"),
      },
    ),
  ),

  checksums: on('counters', ({ checksum_failures: failures }) => ({
    limit: 'no failure',
    reading: failures === null ? 'off: damage of the disk is not noticed' : 'on, no failure',
    problems: problem(failures ? 'bad' : null, null, {
      reading: `${plural(failures ?? 0, 'page')} did not hold what was written`,
      advice:
        'The disk or the memory is failing. Back up now what can be read, and restore it on another machine.',
      command: 'npm run db:backup -- rescue.tar.zst',
    }),
  })),

  wraparound: on(
    'wraparound',
    ({ transactions, multixacts }, { limits: { wraparound_warn_percent, wraparound_bad_percent } }) => {
      const share = Math.max(transactions, multixacts) / LAST_TRANSACTION;
      return single(
        `< ${wraparound_warn_percent} %`,
        `${percentText(share)} of the way (${countText(transactions)} transactions, ${countText(multixacts)} multixacts)`,
        graded(share * 100, wraparound_warn_percent, wraparound_bad_percent),
        {
          advice:
            'At 100 % PostgreSQL stops writing. Something keeps autovacuum from freezing: see long_transactions.',
          command: 'npm run db:optimize -- --freeze',
        },
      );
    },
  ),

  sequences: on('sequences', (all, { limits: { sequence_warn_percent, sequence_bad_percent } }) => ({
    limit: `< ${sequence_warn_percent} % used`,
    reading: all[0] ? `at most ${percentText(all[0].used)} used (${all[0].name})` : 'none used',
    problems: all.flatMap(({ name, used }) =>
      problem(graded(used * 100, sequence_warn_percent, sequence_bad_percent), name, {
        reading: `${name} has given ${percentText(used)} of its numbers`,
        advice: 'When the last is given, inserts fail. Give the sequence and its column a larger type.',
        command: sqlCommand(`alter sequence ${name} as bigint`),
      }),
    ),
  })),

  replication: on('replication', ({ replicas, slots, own_lag_seconds: own }, { limits }) => {
    const isAlone = replicas.length + slots.length === 0;
    const standby = own === null ? 'none' : `a standby, ${spanText(own)} behind`;
    return {
      limit: `lag < ${limitText(limits.replica_lag_warn_seconds)}, slots keep < ${limits.slot_warn_mb} MB`,
      reading: isAlone
        ? standby
        : `${plural(replicas.length, 'replica')}, ${plural(slots.length, 'slot')}, all in time`,
      problems: [
        ...replicas.flatMap((replica) => judgeReplica(replica, limits)),
        ...slots.flatMap((slot) => judgeSlot(slot, limits)),
        ...problem(gradeLag(own, limits), 'this standby', {
          reading: `this standby is ${spanText(own ?? 0)} behind`,
          advice: 'Check its connection to the primary and long queries on it.',
          command: sqlCommand('select * from pg_stat_wal_receiver'),
        }),
      ],
    };
  }),

  archiving: on('archiver', ({ failed_since_last_success, last_failed }, { readings }) => {
    const mode = known(readings.settings)?.archive_mode ?? 'off';
    if (mode === 'off') return null;
    return {
      limit: 'no failure',
      reading: 'WAL is archived',
      problems: problem(failed_since_last_success ? 'bad' : null, null, {
        reading: `archiving has failed since ${last_failed}`,
        advice: 'WAL piles up until the disk is full. The log of PostgreSQL says why archive_command fails.',
        command: sqlCommand('select * from pg_stat_archiver'),
      }),
    };
  }),

  disk: ({ readings, limits }: Context) =>
    judgeDisk(
      readings.disk,
      {
        bytes: known(readings.server)?.bytes ?? null,
        growth: growthPerDay(known(readings.growth) ?? []),
      },
      limits,
    ),
};
