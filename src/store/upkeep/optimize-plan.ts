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
  /** Whose size tells what was gained; `null`: nothing there yet. */
  measured: string | null;
  /** Sent if PostgreSQL says that rows forbid the index. */
  otherwise?: { statements: string[]; why: string };
}

export interface OptimizeWishes {
  /** Tables to write anew, as SQL takes them. */
  rewrite: readonly string[];
  /** Freeze old rows of every table. */
  freeze: boolean;
}

/** Views over the market that do not show what is published. */
type BehindViews = readonly string[];

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

export function planOptimization(
  readings: Readings,
  { rewrite, freeze }: OptimizeWishes,
  behind: BehindViews,
): PlannedAction[] {
  const indexes = readOr(readings.indexes, []);
  // What is written anew gets new indexes, no dead rows and no empty space with that.
  const written = new Set(rewrite);
  const tables = readOr(readings.tables, []).filter(({ is_ours }) => is_ours);
  const rest = tables.filter(({ name }) => !written.has(name));
  const partitions = readOr(readings.partitions, []);
  const isComplete = 'value' in readings.migrations && readings.migrations.value.behind.length === 0;
  const schema = isComplete ? readOr(readings.schema, []) : [];
  const created = createMissing(schema, partitions);
  // Analysed in the same go.
  const cleaned = vacuum(rest, freeze);
  return [
    ...repairIndexes(indexes, readings.known_indexes),
    ...created,
    ...cleaned,
    ...rebuild(
      indexes.filter(({ table }) => !written.has(table)),
      readings.exact,
    ),
    ...refresh(tables, viewsWithKey(indexes, created), behind),
    ...rewrite.map(writeAnew),
    ...analyze(
      rest.filter(({ name, kind }) => kind === 'table' && !cleaned.some(({ subject }) => subject === name)),
      partitions,
      schema,
      readOr(readings.missing_extended_statistics, []),
    ),
  ];
}

/** REINDEX CONCURRENTLY builds under these names, and leaves them behind when it is interrupted. */
const LEFTOVER = /_cc(new|old)\d*"?$/;

function repairIndexes(indexes: readonly IndexState[], known: ReadonlySet<string>): PlannedAction[] {
  const broken = indexes.filter(
    (index) => index.is_ours && !index.is_valid && !index.is_being_built && !index.is_partitioned,
  );
  return broken.map(({ name, table }) => {
    const drop = `drop index concurrently if exists ${name}`;
    if (LEFTOVER.test(name)) {
      return {
        kind: 'drop_index',
        subject: name,
        measured: name,
        statements: [drop],
        why: `left over on ${table} by a rebuild that was interrupted`,
      };
    }
    const action: PlannedAction = {
      kind: 'rebuild_index',
      subject: name,
      measured: name,
      why: `it was never finished, so no query on ${table} uses it`,
      statements: [`reindex index concurrently ${name}`],
    };
    // One of ours stays until the operator removes the rows that are in its way.
    if (known.has(name)) return action;
    return {
      ...action,
      otherwise: { statements: [drop], why: 'its rows forbid it and no migration asks for it: dropped' },
    };
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
      return [{ kind: 'create_statistics', subject: name, why, statements: [expected], measured: null }];
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
    return [{ kind: 'create_index', subject: name, why, statements, measured: name }];
  });
}

/** As the function that makes partitions calls it: like that of the whole, and the part. */
const partitionIndex = (index: string, parent: string, leaf: string): string =>
  `${index}${leaf.startsWith(parent) ? leaf.slice(parent.length) : `_${leaf}`}`;

function vacuum(tables: readonly TableState[], freeze: boolean): PlannedAction[] {
  return tables
    .filter(
      ({ kind, dead_rows, rows }) =>
        kind === 'table' && (freeze || (dead_rows >= WORTH.deadRows && dead_rows >= rows * WORTH.deadShare)),
    )
    .map(({ name, dead_rows }) => ({
      kind: 'vacuum',
      subject: name,
      measured: name,
      why: freeze ? 'its rows are to be frozen' : `${dead_rows} dead rows`,
      statements: [freeze ? `vacuum (freeze, analyze) ${name}` : `vacuum (analyze) ${name}`],
    }));
}

function rebuild(indexes: readonly IndexState[], exact: HealthReadings['exact']): PlannedAction[] {
  return indexes.flatMap((index): PlannedAction[] => {
    const waste = wasteOfIndex(index, exact);
    if (!index.is_ours || !index.is_valid || !isMuch(waste, index.bytes, WORTH.indexBytes, WORTH.indexShare))
      return [];
    return [
      {
        kind: 'rebuild_index',
        subject: index.name,
        measured: index.name,
        why: `${Math.round((100 * waste!.bytes) / index.bytes)} % of it is empty`,
        statements: [`reindex index concurrently ${index.name}`],
      },
    ];
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
  behind: BehindViews,
): PlannedAction[] {
  // Whether a view that no migration made is behind is unknown.
  const current = MARKET_VIEWS.filter((view) => !behind.includes(view)) as string[];
  return (
    tables
      .filter(({ kind }) => kind === 'materialized view')
      .filter(({ name, is_populated }) => !is_populated || !current.includes(name))
      // As they were made: one that reads another was made after it.
      .toSorted((a, b) => a.oid - b.oid)
      .map(({ name, is_populated }) => {
        const action = { kind: 'refresh_view' as const, subject: name, measured: name };
        // Nobody can read what was never filled, so nobody is locked out.
        const how = is_populated ? 'concurrently ' : '';
        if (is_populated && !withKey.has(name)) {
          const why = 'left alone: without a unique index, refreshing would lock out its readers';
          return { ...action, why, statements: [] };
        }
        return {
          ...action,
          why: is_populated ? 'so that it shows what is stored' : 'it was never filled',
          statements: [`refresh materialized view ${how}${name}`, `analyze ${name}`],
        };
      })
  );
}

const writeAnew = (name: string): PlannedAction => ({
  kind: 'rewrite',
  subject: name,
  measured: name,
  why: 'asked for: gives empty space back, and locks out everybody else meanwhile',
  statements: [`vacuum (full, analyze) ${name}`],
});

function analyze(
  tables: readonly TableState[],
  partitions: readonly PartitionState[],
  schema: readonly SchemaDifference[],
  extended: readonly string[],
): PlannedAction[] {
  const parentOf = new Map(
    partitions.flatMap(({ table, partitions: leaves }) => leaves.map((leaf) => [leaf, table])),
  );
  // Which table an object belongs to is in its definition; where one was never gathered, all are looked at.
  const isAll = extended.length > 0 || schema.some(({ kind }) => kind === 'statistics');
  const why = new Map<string, string>();
  for (const {
    name,
    rows,
    analyzed_seconds,
    changed_since_analyze: changed,
    columns_without_statistics: lacking,
  } of tables) {
    if (rows === 0 && changed === 0) continue;
    const reason =
      lacking > 0 || analyzed_seconds === null
        ? 'the planner has no statistics of it'
        : changed > 0
          ? `${changed} rows changed since it was analysed`
          : isAll
            ? 'its columns belong together'
            : null;
    // The partitions of a table are analysed with it, and it is never analysed by itself.
    if (reason) why.set(parentOf.get(name) ?? name, reason);
  }
  return [...why].map(([subject, reason]) => ({
    kind: 'analyze',
    subject,
    why: reason,
    statements: [`analyze ${subject}`],
    measured: null,
  }));
}
