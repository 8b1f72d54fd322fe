/** What is told: one message for all that happened at once in one group. Pure. */

import { hash } from 'node:crypto';
import type { Severity } from '../../store/observation/alert-rows.ts';
import { spanText } from '../text.ts';
import type { Told } from './evaluate.ts';
import { type Rule, type Rules, runbookOf } from './rules.ts';

interface AlertMessageItem {
  kind: Told['kind'];
  rule: string;
  title: string;
  subject: string;
  severity: Severity;
  reading: string;
  value: number | null;
  /** When the condition was first met. ISO 8601, as `resolved_at`. */
  since: string;
  resolved_at: string | null;
  runbook: string;
}

export interface AlertMessage {
  /** The same on every try and channel. */
  id: string;
  at: string;
  group: Rule['group'];
  severity: Severity;
  items: AlertMessageItem[];
}

export function toMessages(told: readonly Told[], { rules }: Pick<Rules, 'rules'>, at: Date): AlertMessage[] {
  const items = told.map(({ kind, alert }) => {
    const rule = rules.find(({ id }) => id === alert.rule)!;
    return { group: rule.group, item: toItem(kind, alert, rule) };
  });
  return [...Map.groupBy(items, ({ group }) => group)].map(([group, some]) =>
    toMessage(
      group,
      some.map(({ item }) => item),
      at,
    ),
  );
}

function toMessage(group: Rule['group'], items: AlertMessageItem[], at: Date): AlertMessage {
  const what = JSON.stringify([at, group, items.map(({ kind, rule, subject }) => [kind, rule, subject])]);
  const isPage = items.some(({ severity }) => severity === 'page');
  return {
    id: `msg_${hash('sha256', what, 'hex').slice(0, 24)}`,
    at: at.toISOString(),
    group,
    severity: isPage ? 'page' : 'ticket',
    items,
  };
}

const toItem = (kind: Told['kind'], alert: Told['alert'], rule: Rule): AlertMessageItem => ({
  kind,
  rule: rule.id,
  title: rule.title,
  subject: alert.subject,
  severity: alert.severity,
  reading: alert.reading,
  value: alert.value,
  since: alert.since.toISOString(),
  resolved_at: alert.resolved_at?.toISOString() ?? null,
  runbook: runbookOf(rule.id),
});

/** What `alerts test` sends. */
export const testMessage = (at: Date): AlertMessage =>
  toMessage(
    'fleet',
    [
      {
        kind: 'fired',
        rule: 'test',
        title: 'Test of the alert channels',
        subject: '',
        severity: 'ticket',
        reading: 'nothing is wrong: somebody asked for this message with "wattsync alerts test"',
        value: null,
        since: at.toISOString(),
        resolved_at: null,
        runbook: 'docs/runbook.md',
      },
    ],
    at,
  );

const KINDS: Record<Told['kind'], string> = {
  fired: 'firing',
  worsened: 'worse',
  reminded: 'still firing',
  resolved: 'resolved',
};

export function itemText(item: AlertMessageItem, at: string): string {
  const { kind, title, subject, reading, since, resolved_at } = item;
  const what = subject === '' ? title : `${title}: ${subject}`;
  const seconds = (new Date(resolved_at ?? at).getTime() - new Date(since).getTime()) / 1_000;
  const span =
    kind === 'resolved' ? `after ${spanText(seconds)}` : `since ${since.slice(0, 16).replace('T', ' ')} UTC`;
  return `${KINDS[kind]}: ${what} (${reading}), ${span}`;
}

/** In one line, for a subject or a notification. */
export function headline({ items, at, severity }: AlertMessage): string {
  const isOver = items.every(({ kind }) => kind === 'resolved');
  const tag = isOver ? 'resolved' : severity;
  if (items.length === 1) return `[${tag}] ${itemText(items[0]!, at)}`;
  const titles = [...new Set(items.map(({ title }) => title))].join(', ');
  return `[${tag}] ${items.length} alerts: ${titles}`;
}

/** For a person: what, and where it is written what to do. */
export const plainText = (message: AlertMessage): string =>
  message.items.map((item) => `${itemText(item, message.at)}\n  ${item.runbook}`).join('\n');
