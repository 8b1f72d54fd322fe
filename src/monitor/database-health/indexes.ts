/** Verdicts about indexes, and about everything else that the migrations make. */

import { type SchemaDifference, tableOf } from '../../store/schema/catalogue.ts';
import { isMuch, wasteOfIndex } from '../../store/upkeep/readings/bloat.ts';
import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import type { IndexState } from '../../store/upkeep/readings/indexes.ts';
import { MB, plural, sizeText, spanText } from '../amounts.ts';
import { fine, type HealthLimits, type HealthLine, judged, linesOf, sqlCommand } from './line.ts';

const OPTIMIZE = 'npm run db:optimize';

export function judgeIndexes(readings: HealthReadings, limits: HealthLimits): HealthLine[] {
  return [
    ...migrations(readings),
    ...schema(readings),
    ...invalid(readings),
    ...bloat(readings, limits),
    ...unused(readings, limits),
    ...redundant(readings),
  ];
}

function migrations({ migrations: reading }: HealthReadings): HealthLine[] {
  const limit = 'all applied, none edited';
  return judged('migrations', reading, ({ applied, last, behind, ahead, edited }) => {
    const one = (reading: string, advice: string, command: string | null) => ({
      verdict: 'bad' as const,
      subject: null,
      reading,
      advice,
      command,
    });
    const findings = [];
    if (ahead.length > 0) {
      findings.push(
        one(
          `${plural(ahead.length, 'migration')} this version does not know: ${ahead.join(', ')}`,
          'A newer version of wattsync was here. Start that one, or restore a backup made before it.',
          null,
        ),
      );
    }
    if (edited.length > 0) {
      findings.push(
        one(
          `edited after they were applied: ${edited.join(', ')}`,
          'Put the files back as they were, and the change into a new migration.',
          `git checkout -- ${edited.map((name) => `src/store/schema/migrations/${name}.sql`).join(' ')}`,
        ),
      );
    }
    if (behind.length > 0) {
      findings.push(
        one(
          `${plural(behind.length, 'migration')} not applied yet: ${behind.join(', ')}`,
          'This version expects tables that are not there. Starting it applies them, too.',
          'npm run db:migrate',
        ),
      );
    }
    return linesOf('migrations', limit, `${applied} applied, last ${last ?? 'none'}`, findings);
  });
}

function schema(readings: HealthReadings): HealthLine[] {
  const limit = 'as the migrations make it';
  const state = 'value' in readings.migrations ? readings.migrations.value : null;
  // Until then much is missing that the migrations bring.
  if (state && state.behind.length + state.ahead.length > 0) {
    return [{ ...fine('schema', 'compared once all migrations are applied', limit), verdict: 'unknown' }];
  }
  return judged('schema', readings.schema, (differences) => {
    const indexes = new Set(differences.filter(({ kind }) => kind === 'indexes').map(({ name }) => name));
    const findings = differences
      // A key and its index are missing together, and come back together.
      .filter(({ kind, name }) => kind !== 'constraints' || !indexes.has(name.split('.')[1]!))
      .map((difference) => (difference.found === null ? missing(difference) : changed(difference)));
    return linesOf(
      'schema',
      limit,
      'tables, columns, indexes, constraints as the migrations make them',
      findings,
    );
  });
}

function missing({ kind, name, expected }: SchemaDifference) {
  if (kind === 'indexes' || kind === 'statistics') {
    const isUnique = expected.startsWith('CREATE UNIQUE');
    return {
      verdict: isUnique ? ('bad' as const) : ('warn' as const),
      subject: name,
      reading: `${kind === 'indexes' ? 'the index' : 'the statistics object'} ${name} on ${tableOf(kind, name, expected)} is missing`,
      advice: isUnique
        ? 'Nothing keeps doubles out, and what relies on it fails: publishing, or a view’s refresh. It is made again beside everybody’s work.'
        : 'Queries that count on it are slow. It is made again beside everybody’s work.',
      command: OPTIMIZE,
    };
  }
  if (kind === 'constraints') {
    const [table, constraint] = name.split('.');
    const add = `alter table ${table} add constraint ${constraint} ${expected}`;
    return {
      verdict: 'warn' as const,
      subject: name,
      reading: `the constraint ${constraint} of ${table} is missing: ${expected}`,
      advice: 'Nothing refuses wrong rows any more. Adding it fails, and names them, if there are any.',
      command:
        expected.startsWith('CHECK') || expected.startsWith('FOREIGN')
          ? sqlCommand(`${add} not valid`, `alter table ${table} validate constraint ${constraint}`)
          : sqlCommand(add),
    };
  }
  return {
    verdict: 'bad' as const,
    subject: name,
    reading: `${kind === 'columns' ? 'the column' : `the ${expected}`} ${name} is missing`,
    advice: 'No migration removed it. Restore a backup into an empty database.',
    command: 'npm run db:restore -- <file>',
  };
}

function changed({ kind, name, expected, found }: SchemaDifference) {
  return {
    verdict: 'warn' as const,
    subject: name,
    reading: `${name} is ${found}, the migrations make ${expected}`,
    advice: 'Somebody changed it by hand. Put it back, or put the change into a migration.',
    command: kind === 'indexes' ? `${sqlCommand(`drop index concurrently ${name}`)} && ${OPTIMIZE}` : null,
  };
}

function invalid({ indexes: reading, known_indexes }: HealthReadings): HealthLine[] {
  return judged('invalid_indexes', reading, (indexes) => {
    const findings = indexes
      .filter(({ is_valid, is_being_built }) => !is_valid && !is_being_built)
      .map((index) => ({
        verdict: 'bad' as const,
        subject: index.name,
        reading: `${index.name} on ${index.table} was never finished (${sizeText(index.bytes)})`,
        advice: known_indexes.has(index.name)
          ? 'No query uses it, every write pays for it. It is built again beside everybody’s work.'
          : 'No query uses it, every write pays for it. It is built again, or dropped if its rows forbid it: no migration asks for it.',
        // What it lacks on some partition is found by making it again.
        command: index.is_partitioned ? `${sqlCommand(`drop index ${index.name}`)} && ${OPTIMIZE}` : OPTIMIZE,
      }));
    const building = indexes.filter(({ is_being_built }) => is_being_built).length;
    const ok = building > 0 ? `none; ${building} just being built` : 'none';
    return linesOf('invalid_indexes', 'none', ok, findings);
  });
}

function bloat({ indexes: reading, exact }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const [atLeast, share] = [limits.index_bloat_warn_mb * MB, limits.index_bloat_warn_percent / 100];
  const limit = `< ${limits.index_bloat_warn_percent} % or < ${limits.index_bloat_warn_mb} MB empty`;
  return judged('index_bloat', reading, (indexes) => {
    const findings = indexes
      .map((index) => ({ index, wasted: wasteOfIndex(index, exact) }))
      .filter(({ index, wasted }) => index.is_valid && isMuch(wasted, index.bytes, atLeast, share))
      .map(({ index, wasted: found }) => {
        const wasted = found!;
        return {
          verdict: wasted.bytes >= limits.index_bloat_bad_mb * MB ? ('bad' as const) : ('warn' as const),
          subject: index.name,
          reading: `${sizeText(wasted.bytes)} of the ${sizeText(index.bytes)} of ${index.name} are empty (${wasted.isCounted ? 'counted' : 'estimated'})`,
          advice: 'It is built again beside everybody’s work.',
          command: OPTIMIZE,
        };
      });
    const size = indexes.reduce((sum, { bytes }) => sum + bytes, 0);
    return linesOf(
      'index_bloat',
      limit,
      `${plural(indexes.length, 'index', 'indexes')}, ${sizeText(size)}`,
      findings,
    );
  });
}

/** Ours have a query each, whether it was asked here or not; those of others are theirs to explain. */
function unused(
  { indexes: reading, known_indexes, counters }: HealthReadings,
  { unused_index_warn_days }: HealthLimits,
): HealthLine[] {
  const seconds = ('value' in counters ? counters.value.since_seconds : null) ?? 0;
  const limit = `no index of others without a use in ${unused_index_warn_days} days`;
  return judged('unused_indexes', reading, (indexes) => {
    const idle = indexes.filter(
      ({ scans, is_constraint, is_unique, is_valid, bytes }) =>
        scans === 0 && !is_constraint && !is_unique && is_valid && bytes > 0,
    );
    const isOurs = ({ name, is_partition }: IndexState) => known_indexes.has(name) || is_partition;
    const findings =
      seconds < unused_index_warn_days * 86_400
        ? []
        : idle
            .filter((index) => index.is_ours && !isOurs(index) && index.bytes >= MB)
            .map(({ name, table, bytes }) => ({
              verdict: 'warn' as const,
              subject: name,
              reading: `${name} on ${table} (${sizeText(bytes)}) was not used for ${spanText(seconds)}`,
              advice:
                'Every write pays for it. No migration made it: drop it, if nobody knows what it is for.',
              command: sqlCommand(`drop index concurrently ${name}`),
            }));
    const ours = idle.filter(isOurs).length;
    return linesOf(
      'unused_indexes',
      limit,
      ours > 0 ? `none; ${ours} of ours not yet used here` : 'none',
      findings,
    );
  });
}

/** Whether `other` answers everything that `index` does. */
export function isCoveredBy(index: IndexState, other: IndexState): boolean {
  if (index.oid === other.oid || index.table !== other.table) return false;
  if (index.method !== 'btree' || other.method !== 'btree' || !other.is_valid) return false;
  if (index.is_unique || index.is_constraint || index.condition !== other.condition) return false;
  if (!index.keys.every((key, at) => key === other.keys[at])) return false;
  // Of two that are the same, the one with the later name is one too many.
  return other.keys.length > index.keys.length || other.is_unique || index.name > other.name;
}

function redundant({ indexes: reading, known_indexes }: HealthReadings): HealthLine[] {
  return judged('redundant_indexes', reading, (indexes) => {
    const findings = indexes.flatMap((index) => {
      const other =
        index.is_valid && !index.is_partition ? indexes.find((one) => isCoveredBy(index, one)) : undefined;
      if (!other) return [];
      return {
        verdict: 'warn' as const,
        subject: index.name,
        reading: `${index.name} (${sizeText(index.bytes)}) does nothing that ${other.name} does not do`,
        advice: known_indexes.has(index.name)
          ? 'The migrations make both: a migration should drop it.'
          : 'Every write pays for both.',
        command: known_indexes.has(index.name) ? null : sqlCommand(`drop index concurrently ${index.name}`),
      };
    });
    return linesOf('redundant_indexes', 'none', 'none', findings);
  });
}
