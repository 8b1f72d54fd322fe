/** What there is to optimise: readings in, statements out. Pure, so that `--dry-run` says exactly what would be done. */

import { MARKET_VIEWS } from '../market/views.ts';
import type { SchemaDifference } from '../schema/catalogue.ts';
import { isMuch, wasteOfIndex } from './readings/bloat.ts';
import type { HealthReadings } from './readings/health-readings.ts';
import type { IndexState } from './readings/indexes.ts';
import type { PartitionState } from './readings/partitions.ts';
import type { Reading } from './readings/reading.ts';
import type { TableState } from './readings/tables.ts';

type ActionKind =
  | 'drop_index'
  | 'create_index'
  | 'create_statistics'
  | 'rebuild_index'
  | 'vacuum'
  | 'analyze'
  | 'refresh_view'
  | 'rewrite';

export interface PlannedAction {
  kind: ActionKind;
  /** As SQL takes it. */
  subject: string;
  why: string;
  statements: string[];
  /** Sent if PostgreSQL says that rows forbid the index. */
  otherwise?: { statements: string[]; why: string };
}

export interface OptimizeWishes {
  /** Tables to write anew, as SQL takes them. */
  rewrite: readonly string[];
  /** Freeze old rows of every table. */
  freeze: boolean;
}

/** Well below the limits of db:health, so that what it names is gone afterwards. */
const WORTH = { indexBytes: 4 << 20, indexShare: 0.4, deadRows: 1_000, deadShare: 0.1 };

const readOr = <T>(reading: Reading<T>, fallback: T): T => ('value' in reading ? reading.value : fallback);

type Readings = Pick<
  HealthReadings,
  | 'tables'
  | 'indexes'
  | 'exact'
  | 'migrations'
  | 'schema'
  | 'known_indexes'
  | 'partitions'
  | 'missing_extended_statistics'
>;

const action = (kind: ActionKind, subject: string, why: string, ...statements: string[]): PlannedAction => ({
  kind,
  subject,
  why,
  statements,
});

/** @param behind views over the market that do not show what is published */
export function planOptimization(
  readings: Readings,
  { rewrite, freeze }: OptimizeWishes,
  behind: readonly string[],
): PlannedAction[] {
  const indexes = readOr(readings.indexes, []).filter(({ is_ours }) => is_ours);
  const tables = readOr(readings.tables, []).filter(({ is_ours }) => is_ours);
  const partitions = readOr(readings.partitions, []);
  const isComplete = 'value' in readings.migrations && readings.migrations.value.behind.length === 0;
  const schema = isComplete ? readOr(readings.schema, []) : [];
  // What is written anew gets new indexes, no dead rows and no empty space with that.
  const rest = tables.filter(({ name, kind }) => kind === 'table' && !rewrite.includes(name));
  const created = createMissing(schema, partitions);
  const cleaned = vacuum(rest, freeze);
  // Analysed in the same go.
  const notCleaned = rest.filter(({ name }) => !cleaned.some(({ subject }) => subject === name));
  // Which table an object belongs to is in its definition; where one was never gathered, all are looked at.
  const isAll =
    readOr(readings.missing_extended_statistics, []).length > 0 ||
    schema.some(({ kind }) => kind === 'statistics');
  return [
    ...repairIndexes(indexes, readings.known_indexes),
    ...created,
    ...cleaned,
    ...rebuild(
      indexes.filter(({ table }) => !rewrite.includes(table)),
      readings.exact,
    ),
    ...refresh(tables, viewsWithKey(indexes, created), behind),
    ...rewrite.map((name) =>
      action(
        'rewrite',
        name,
        'asked for: gives empty space back, and locks out everybody else meanwhile',
        `vacuum (full, analyze) ${name}`,
      ),
    ),
    ...analyze(notCleaned, partitions, isAll),
  ];
}

/** REINDEX CONCURRENTLY builds under these names, and leaves them behind when it is interrupted. */
const LEFTOVER = /_cc(new|old)\d*"?$/;

function repairIndexes(indexes: readonly IndexState[], known: ReadonlySet<string>): PlannedAction[] {
  const broken = indexes.filter((one) => !one.is_valid && !one.is_being_built && !one.is_partitioned);
  return broken.map(({ name, table }) => {
    const drop = `drop index concurrently if exists ${name}`;
    if (LEFTOVER.test(name)) {
      return action('drop_index', name, `left over on ${table} by a rebuild that was interrupted`, drop);
    }
    const why = `it was never finished, so no query on ${table} uses it`;
    const repair = action('rebuild_index', name, why, `reindex index concurrently ${name}`);
    // One of ours stays until the operator removes the rows that are in its way.
    if (known.has(name)) return repair;
    const dropped = 'its rows forbid it and no migration asks for it: dropped';
    return { ...repair, otherwise: { statements: [drop], why: dropped } };
  });
}

function createMissing(
  schema: readonly SchemaDifference[],
  partitions: readonly PartitionState[],
): PlannedAction[] {
  const missing = schema.filter(({ found }) => found === null);
  const constraints = new Map(
    missing.filter(({ kind }) => kind === 'constraints').map(({ name, expected }) => [name, expected]),
  );
  return missing.flatMap(({ kind, name, expected }): PlannedAction[] => {
    const why = 'the migrations make it, and it is missing';
    if (kind === 'statistics') {
      return [action('create_statistics', name, why, expected)];
    }
    if (kind !== 'indexes') return [];
    const [, unique = '', parent, rest] =
      /^CREATE (UNIQUE )?INDEX \S+ ON (?:ONLY )?(\S+) (USING .*)$/s.exec(expected) ?? [];
    if (parent === undefined || rest === undefined) return [];
    const create = (index: string, table: string) =>
      `create ${unique.toLowerCase()}index concurrently if not exists ${index} on ${table} ${rest}`;
    const constraint = constraints.get(`${parent}.${name}`);
    const type = constraint?.startsWith('PRIMARY') ? 'primary key' : 'unique';
    const adopt = (index: string, table: string) =>
      constraint ? [`alter table ${table} add constraint ${index} ${type} using index ${index}`] : [];
    const leaves = partitions.find(({ table }) => table === parent)?.partitions;
    const statements = leaves
      ? // On the partitions beside everybody's work; the parent then only takes up what is there. By names, so that
        // a run after one that was stopped half-way finds what is done already.
        [
          ...leaves.flatMap((leaf) => {
            const index = partitionIndex(name, parent, leaf);
            return [create(index, leaf), ...adopt(index, leaf)];
          }),
          constraint
            ? `alter table ${parent} add constraint ${name} ${constraint}`
            : `create ${unique.toLowerCase()}index if not exists ${name} on ${parent} ${rest}`,
        ]
      : [create(name, parent), ...adopt(name, parent)];
    return [action('create_index', name, why, ...statements)];
  });
}

/** As the function that makes partitions calls it: like that of the whole, and the part. */
const partitionIndex = (index: string, parent: string, leaf: string): string =>
  `${index}${leaf.startsWith(parent) ? leaf.slice(parent.length) : `_${leaf}`}`;

function vacuum(tables: readonly TableState[], freeze: boolean): PlannedAction[] {
  const isDirty = ({ dead_rows, rows }: TableState) =>
    dead_rows >= WORTH.deadRows && dead_rows >= rows * WORTH.deadShare;
  return freeze
    ? tables.map(({ name }) =>
        action('vacuum', name, 'its rows are to be frozen', `vacuum (freeze, analyze) ${name}`),
      )
    : tables
        .filter(isDirty)
        .map(({ name, dead_rows }) =>
          action('vacuum', name, `${dead_rows} dead rows`, `vacuum (analyze) ${name}`),
        );
}

function rebuild(indexes: readonly IndexState[], exact: HealthReadings['exact']): PlannedAction[] {
  return indexes.flatMap((index) => {
    const { name, bytes, is_valid } = index;
    const waste = wasteOfIndex(index, exact);
    if (!waste || !is_valid || !isMuch(waste, bytes, WORTH.indexBytes, WORTH.indexShare)) return [];
    const why = `${Math.round((100 * waste.bytes) / bytes)} % of it is empty`;
    return [action('rebuild_index', name, why, `reindex index concurrently ${name}`)];
  });
}

/** Those that can be refreshed beside their readers, once the missing indexes are made. */
function viewsWithKey(
  indexes: readonly IndexState[],
  created: readonly PlannedAction[],
): ReadonlySet<string> {
  const keys = indexes.filter((index) => index.is_unique && index.is_valid && index.condition === null);
  const made = created.flatMap(
    ({ statements }) =>
      /^create unique index concurrently if not exists \S+ on (\S+) using \S+ \([^)]*\)$/i.exec(
        statements[0]!,
      )?.[1] ?? [],
  );
  return new Set([...keys.map(({ table }) => table), ...made]);
}

function refresh(
  tables: readonly TableState[],
  withKey: ReadonlySet<string>,
  behind: readonly string[],
): PlannedAction[] {
  // Whether a view that no migration made is behind is unknown.
  const current = new Set<string>(MARKET_VIEWS.filter((view) => !behind.includes(view)));
  return (
    tables
      .filter(({ kind, name, is_populated }) => {
        return kind === 'materialized view' && !(is_populated && current.has(name));
      })
      // As they were made: one that reads another was made after it.
      .toSorted((a, b) => a.oid - b.oid)
      .map(({ name, is_populated }) => {
        const send = (how: string) => [`refresh materialized view ${how}${name}`, `analyze ${name}`];
        // Nobody can read what was never filled, so nobody is locked out.
        if (!is_populated) return action('refresh_view', name, 'it was never filled', ...send(''));
        if (withKey.has(name)) {
          return action('refresh_view', name, 'so that it shows what is stored', ...send('concurrently '));
        }
        const why = 'left alone: without a unique index, refreshing would lock out its readers';
        return action('refresh_view', name, why);
      })
  );
}

/** @param isAll columns that belong together have to be looked at in all of them */
function analyze(
  tables: readonly TableState[],
  partitions: readonly PartitionState[],
  isAll: boolean,
): PlannedAction[] {
  const parentOf = new Map(partitions.flatMap((one) => one.partitions.map((leaf) => [leaf, one.table])));
  const why = new Map<string, string>();
  for (const table of tables) {
    const reason = whyAnalyze(table) ?? (isAll ? 'its columns belong together' : null);
    if (reason === null || (table.rows === 0 && table.changed_since_analyze === 0)) continue;
    // The partitions of a table are analysed with it, and it is never analysed by itself.
    why.set(parentOf.get(table.name) ?? table.name, reason);
  }
  return [...why].map(([subject, reason]) => action('analyze', subject, reason, `analyze ${subject}`));
}

function whyAnalyze(table: TableState): string | null {
  if (table.columns_without_statistics > 0 || table.analyzed_seconds === null) {
    return 'the planner has no statistics of it';
  }
  const changed = table.changed_since_analyze;
  return changed > 0 ? `${changed} rows changed since it was analysed` : null;
}
