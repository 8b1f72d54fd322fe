/** What `replay` found, in words. */

import { minuteText, plural } from '../../monitor/text.ts';
import type { FieldDifference, NamedPlan, SetDifference } from '../../plan/difference.ts';
import type { KeptRecord } from '../../store/plans/quarantine.ts';
import type { Outcome } from '../../sync/publish/outcome.ts';
import type { Readable, Replayed } from '../../sync/publish/replay.ts';
import type { Territory } from '../../territory/territory.ts';
import { describeOutcome, nameOf } from '../sync/report.ts';

/** Of one kind; more are only counted. */
const MOST_LINES = 20;
const LONGEST_VALUE = 24;

export function describeReplays(replays: readonly Replayed[], territory: Territory): string {
  if (replays.length === 0) return 'Nothing to replay: no body was kept. A sync keeps what it fetches.';
  const lines = replays.flatMap((one) => [headline(one, territory), ...describeDifference(one.difference)]);
  const byWord = Map.groupBy(replays, ({ status }) => COUNTED_AS[status]);
  const counts = [...byWord].map(([word, group]) => `${group.length} ${word}`);
  return [...lines, `${replays.length} replayed: ${counts.join(', ')}.`].join('\n');
}

const COUNTED_AS: Record<Replayed['status'], string> = {
  same: 'the same',
  differs: 'different',
  unpublished: 'never published',
  payload_missing: 'not kept',
  set_not_kept: 'not kept',
};

const VERDICTS: Record<Replayed['status'], string> = {
  ...COUNTED_AS,
  same: 'same',
  differs: 'DIFFERS',
  unpublished: 'not published',
};

function headline(
  { tdsp_duns, version, payload_hash, status, message, plans, rejected, bytes }: Replayed,
  territory: Territory,
): string {
  const name = tdsp_duns === null ? 'unread body' : nameOf(territory, tdsp_duns);
  const what = version === null ? name : `${name}@${version}`;
  const body = payload_hash ? `  ${payload_hash.slice(0, 12)}` : '';
  const size = bytes === null ? '' : `, ${Math.ceil(bytes / 1000)} kB`;
  const read = plans === null ? '' : `, ${plans} plans${rejected ? `, ${rejected} rejected` : ''}`;
  return `${what.padEnd(22)}${VERDICTS[status]}${body}${size}${read}${message ? `\n    ${message}` : ''}`;
}

export function describeDifference(difference: SetDifference | null): string[] {
  if (!difference) return [];
  const { added, gone, changed, newly_rejected, newly_readable } = difference;
  const withChanges = (plan: NamedPlan & { changes: FieldDifference[] }) =>
    [named(plan), ...plan.changes.map(describeChange)].join('\n        ');
  const rejected = newly_rejected.map(
    ({ external_id, field, reason }) => `${external_id ?? '(no id)'} ${field}: ${reason}`,
  );
  return [
    ...listed('+', 'would be new', added.map(named)),
    ...listed('-', 'would be gone', gone.map(named)),
    ...listed('~', 'would change', changed.map(withChanges)),
    ...listed('!', 'would be rejected', rejected),
    ...listed('✓', 'can be read now', newly_readable.map(withChanges)),
  ];
}

const named = ({ name, provider, external_id }: NamedPlan): string => `${name} (${provider}) ${external_id}`;

function listed(sign: string, title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - MOST_LINES;
  return [
    `  ${lines.length} ${title}:`,
    ...lines.slice(0, MOST_LINES).map((line) => `    ${sign} ${line}`),
    ...(more > 0 ? [`      and ${more} more; all of them with --json`] : []),
  ];
}

const describeChange = ({ field, from, to }: FieldDifference): string =>
  `${field}: ${short(from)} → ${short(to)}`;

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}

export function describeRejected(
  found: readonly Readable[],
  records: readonly KeptRecord[],
  published: { run_id: number; outcomes: readonly Outcome[] } | null,
  territory: Territory,
): string {
  if (found.length === 0) return 'Every record of the current snapshots could be read.';
  const lines = found.flatMap(({ reading: { tdsp_duns, version, unread }, replayed }) => {
    const { message, difference } = replayed;
    const readable = difference?.newly_readable ?? [];
    const ids = readable.map(({ external_id }) => external_id);
    const open = records.filter((one) => one.tdsp_duns === tdsp_duns && !ids.includes(one.external_id ?? ''));
    return [
      `${nameOf(territory, tdsp_duns)}@${version}: ${unread.length} records could not be read, ${readable.length} of them can now`,
      ...(message ? [`    ${message}`] : []),
      ...listed('✓', 'can be read now', readable.map(named)),
      ...listed('!', 'still rejected', open.map(describeRecord)),
    ];
  });
  if (published) {
    lines.push(`Run ${published.run_id}:`);
    for (const outcome of published.outcomes) {
      const wasLate = outcome.status === 'shared';
      const result = wasLate ? 'a sync has published meanwhile: run this again' : describeOutcome(outcome);
      lines.push(`  ${nameOf(territory, outcome.tdsp_duns)}: ${result}`);
    }
  } else if (found.some(({ replayed }) => replayed.difference?.newly_readable.length))
    lines.push('Publish what can be read now: npm run replay -- --rejected --publish');
  return lines.join('\n');
}

const describeRecord = (record: KeptRecord): string =>
  `${record.external_id ?? '(no id)'} ${record.field}: ${record.reason}\n        ` +
  `in ${plural(record.times, 'body', 'bodies')}, first ${minuteText(record.first_seen_at)}, last ${minuteText(record.last_seen_at)}`;
