/** Indexes, and everything else that the migrations make. */

import { type SchemaDifference, tableOf } from '../../store/schema/catalogue.ts';
import type { MigrationState } from '../../store/schema/migration-state.ts';
import { isMuch, wasteOfIndex } from '../../store/upkeep/readings/bloat.ts';
import type { IndexState } from '../../store/upkeep/readings/indexes.ts';
import { DAY_MS } from '../../units.ts';
import { MB, plural, sizeText, spanText } from '../text.ts';
import { type Context, type Judged, known, on, type Problem, problem, sqlCommand } from './check.ts';

const OPTIMIZE = 'npm run db:optimize';

export function judgeMigrations({ applied, last, behind, ahead, edited, renamed }: MigrationState): Judged {
  const found = (names: readonly string[], reading: string, fix: Pick<Problem, 'advice' | 'command'>) =>
    problem(names.length > 0 ? 'bad' : null, null, { reading: `${reading}: ${names.join(', ')}`, ...fix });
  return {
    limit: 'all applied, none edited',
    reading: `${applied} applied, last ${last ?? 'none'}`,
    problems: [
      ...found(renamed, 'of a development version', {
        advice: 'No released version brings this database up to date: start with an empty one.',
        command: null,
      }),
      ...found(ahead, `${plural(ahead.length, 'migration')} this version does not know`, {
        advice: 'A newer version of wattsync was here. Start that one, or restore a backup made before it.',
        command: null,
      }),
      ...found(edited, 'edited after they were applied', {
        advice: 'Put the files back as they were, and the change into a new migration.',
        command: `git checkout -- ${edited.map((name) => `src/store/schema/migrations/${name}.sql`).join(' ')}`,
      }),
      ...found(behind, `${plural(behind.length, 'migration')} not applied yet`, {
        advice: 'This version expects tables that are not there. Starting it applies them, too.',
        command: 'npm run db:migrate',
      }),
    ],
  };
}

function judgeSchema(differences: readonly SchemaDifference[]): Judged {
  const indexes = new Set(differences.filter(({ kind }) => kind === 'indexes').map(({ name }) => name));
  // A key and its index are missing together, and come back together.
  const apart = differences.filter(
    ({ kind, name }) => kind !== 'constraints' || !indexes.has(name.split('.')[1]!),
  );
  return {
    limit: 'as the migrations make it',
    reading: 'tables, columns, indexes, constraints as the migrations make them',
    problems: apart.flatMap((one) => (one.found === null ? missing(one) : changed(one))),
  };
}

function missing({ kind, name, expected }: SchemaDifference): Problem[] {
  if (kind === 'indexes' || kind === 'statistics') {
    const isUnique = expected.startsWith('CREATE UNIQUE');
    return problem(isUnique ? 'bad' : 'warn', name, {
      reading: `${kind === 'indexes' ? 'the index' : 'the statistics object'} ${name} on ${tableOf(kind, name, expected)} is missing`,
      advice: isUnique
        ? 'Nothing keeps duplicates out, and what relies on it fails: publishing, or a view’s refresh. It is created again without blocking anybody.'
        : 'Queries that count on it are slow. It is created again without blocking anybody.',
      command: OPTIMIZE,
    });
  }
  if (kind === 'constraints') {
    const [table, constraint] = name.split('.');
    const add = `alter table ${table} add constraint ${constraint} ${expected}`;
    const isChecked = expected.startsWith('CHECK') || expected.startsWith('FOREIGN');
    return problem('warn', name, {
      reading: `the constraint ${constraint} of ${table} is missing: ${expected}`,
      advice: 'Nothing refuses wrong rows any more. Adding it fails, and names them, if there are any.',
      command: isChecked
        ? sqlCommand(`${add} not valid`, `alter table ${table} validate constraint ${constraint}`)
        : sqlCommand(add),
    });
  }
  return problem('bad', name, {
    reading: `${kind === 'columns' ? 'the column' : `the ${expected}`} ${name} is missing`,
    advice: 'No migration removed it. Restore a backup into an empty database.',
    command: 'npm run db:restore -- <file>',
  });
}

const changed = ({ kind, name, expected, found }: SchemaDifference): Problem[] =>
  problem('warn', name, {
    reading: `${name} is ${found}, the migrations make ${expected}`,
    advice: 'Somebody changed it by hand. Put it back, or put the change into a migration.',
    command: kind === 'indexes' ? `${sqlCommand(`drop index concurrently ${name}`)} && ${OPTIMIZE}` : null,
  });

/** Whether `other` answers everything that `index` does. */
export function isCoveredBy(index: IndexState, other: IndexState): boolean {
  if (index.oid === other.oid || index.table !== other.table) return false;
  if (index.method !== 'btree' || other.method !== 'btree' || !other.is_valid) return false;
  if (index.is_unique || index.is_constraint || index.condition !== other.condition) return false;
  if (!index.keys.every((key, at) => key === other.keys[at])) return false;
  // Of two that are the same, the one with the later name is one too many.
  return other.keys.length > index.keys.length || other.is_unique || index.name > other.name;
}

export const INDEX_CHECKS = {
  migrations: on('migrations', judgeMigrations),

  schema: ({ readings }: Context) => {
    const state = known(readings.migrations);
    // Until then much is missing that the migrations bring.
    if (state !== null && state.behind.length + state.ahead.length > 0) {
      return { unreadable: 'compared once all migrations are applied' };
    }
    return 'unreadable' in readings.schema ? readings.schema : judgeSchema(readings.schema.value);
  },

  invalid_indexes: on('indexes', (indexes, { readings }) => {
    const building = indexes.filter(({ is_being_built }) => is_being_built).length;
    const unfinished = indexes.filter(({ is_valid, is_being_built }) => !is_valid && !is_being_built);
    return {
      limit: 'none',
      reading: building > 0 ? `none; ${building} just being built` : 'none',
      problems: unfinished.flatMap(({ name, table, bytes, is_partitioned }) =>
        problem('bad', name, {
          reading: `${name} on ${table} was never finished (${sizeText(bytes)})`,
          advice: readings.known_indexes.has(name)
            ? 'No query uses it, every write pays for it. It is rebuilt without blocking anybody.'
            : 'No query uses it, every write pays for it. It is rebuilt, or dropped if its rows forbid it: no migration asks for it.',
          // What it lacks on some partition is found by creating it again.
          command: is_partitioned ? `${sqlCommand(`drop index ${name}`)} && ${OPTIMIZE}` : OPTIMIZE,
        }),
      ),
    };
  }),

  index_bloat: on('indexes', (indexes, { readings, limits }) => {
    const [leastBytes, share] = [limits.index_bloat_warn_mb * MB, limits.index_bloat_warn_percent / 100];
    const size = indexes.reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      limit: `< ${limits.index_bloat_warn_percent} % or < ${limits.index_bloat_warn_mb} MB empty`,
      reading: `${plural(indexes.length, 'index', 'indexes')}, ${sizeText(size)}`,
      problems: indexes.flatMap((index) => {
        const wasted = wasteOfIndex(index, readings.exact);
        if (!wasted || !index.is_valid || !isMuch(wasted, index.bytes, leastBytes, share)) return [];
        return problem(wasted.bytes >= limits.index_bloat_bad_mb * MB ? 'bad' : 'warn', index.name, {
          reading: `${sizeText(wasted.bytes)} of the ${sizeText(index.bytes)} of ${index.name} are empty (${wasted.isCounted ? 'counted' : 'estimated'})`,
          advice: 'It is rebuilt without blocking anybody.',
          command: OPTIMIZE,
        });
      }),
    };
  }),

  /** Each of ours serves a query, whether it was asked here or not; those of others are theirs to explain. */
  unused_indexes: on('indexes', (indexes, { readings, limits }) => {
    const { unused_index_warn_days: days } = limits;
    const seconds = known(readings.counters)?.since_seconds ?? 0;
    const idle = indexes.filter(
      ({ scans, is_constraint, is_unique, is_valid, bytes }) =>
        scans === 0 && !is_constraint && !is_unique && is_valid && bytes > 0,
    );
    const isOurs = ({ name, is_partition }: IndexState) => readings.known_indexes.has(name) || is_partition;
    const isLong = (seconds * 1_000) / DAY_MS >= days;
    const others = idle.filter((index) => isLong && index.is_ours && !isOurs(index) && index.bytes >= MB);
    const ours = idle.filter(isOurs).length;
    return {
      limit: `no index of others without a use in ${days} days`,
      reading: ours > 0 ? `none; ${ours} of ours not yet used here` : 'none',
      problems: others.flatMap(({ name, table, bytes }) =>
        problem('warn', name, {
          reading: `${name} on ${table} (${sizeText(bytes)}) was not used for ${spanText(seconds)}`,
          advice: 'Every write pays for it. No migration made it: drop it, unless somebody needs it.',
          command: sqlCommand(`drop index concurrently ${name}`),
        }),
      ),
    };
  }),

  redundant_indexes: on('indexes', (indexes, { readings }) => ({
    limit: 'none',
    reading: 'none',
    problems: indexes
      .filter(({ is_valid, is_partition }) => is_valid && !is_partition)
      .flatMap((index) => {
        const other = indexes.find((one) => isCoveredBy(index, one));
        const isKnown = readings.known_indexes.has(index.name);
        return problem(other ? 'warn' : null, index.name, {
          reading: `${index.name} (${sizeText(index.bytes)}) does nothing that ${other?.name} does not do`,
          advice: isKnown
            ? 'The migrations make both: a migration should drop it.'
            : 'Every write pays for both.',
          command: isKnown ? null : sqlCommand(`drop index concurrently ${index.name}`),
        });
      }),
  })),
};
