/** The alerts as they are, what an operator said about them, and their history. The observer alone changes states. */

import type { Queryable } from '../postgres/database.ts';

export const SEVERITIES = ['ticket', 'page'] as const;
/** `page`: somebody has to look at once; `ticket`: within the day. */
export type Severity = (typeof SEVERITIES)[number];
type AlertState = 'pending' | 'firing' | 'resolved';

/** Of every rule and subject the last alert. */
export interface AlertRow {
  rule: string;
  /** Empty where the rule does not tell subjects apart. */
  subject: string;
  state: AlertState;
  severity: Severity;
  /** What the rule compares; `null`: it could not be read. */
  value: number | null;
  reading: string;
  since: Date;
  fired_at: Date | null;
  clear_since: Date | null;
  resolved_at: Date | null;
  told_at: Date | null;
  /** The rule it follows from, and is held back for. */
  follows: string | null;
  acked_by: string | null;
  acked_at: Date | null;
  acked_until: Date | null;
  ack_note: string | null;
}

export interface Silence {
  id: number;
  /** `null`: every rule, for this subject. */
  rule: string | null;
  /** `null`: everything of this rule. */
  subject: string | null;
  begins_at: Date;
  until: Date;
  by: string;
  reason: string;
  ended_at: Date | null;
  ended_by: string | null;
}

export type AlertEventKind =
  | 'fired'
  | 'worsened'
  | 'reminded'
  | 'resolved'
  | 'acknowledged'
  | 'ack_ended'
  | 'silenced'
  | 'silence_ended';

export interface AlertEvent {
  id: number;
  at: Date;
  rule: string;
  subject: string;
  event: AlertEventKind;
  severity: Severity;
  reading: string;
  by: string | null;
  note: string | null;
  until: Date | null;
}

export type NewAlertEvent = Omit<AlertEvent, 'id' | 'by' | 'note' | 'until'> &
  Partial<Pick<AlertEvent, 'by' | 'note' | 'until'>>;

const ALERT_COLUMNS = `rule, subject, state, severity, value, reading, since, fired_at, clear_since, resolved_at, told_at,
  follows, acked_by, acked_at, acked_until, ack_note`;

/** All of them, those that fire first, then the newest. */
export async function readAlerts(queryable: Queryable): Promise<AlertRow[]> {
  const { rows } = await queryable.query<AlertRow>(
    `select ${ALERT_COLUMNS} from alerts
      order by array_position(array['firing', 'pending', 'resolved'], state), severity, since desc, rule, subject`,
  );
  return rows;
}

export async function writeAlerts(queryable: Queryable, alerts: readonly AlertRow[]): Promise<void> {
  if (alerts.length === 0) return;
  const columns = ALERT_COLUMNS.replace(/\s+/g, ' ').split(', ');
  const changed = columns.filter((name) => name !== 'rule' && name !== 'subject');
  await queryable.query(
    `insert into alerts (${ALERT_COLUMNS})
     select ${ALERT_COLUMNS} from jsonb_to_recordset($1) as a (rule text, subject text, state text, severity text,
       value float8, reading text, since timestamptz, fired_at timestamptz, clear_since timestamptz,
       resolved_at timestamptz, told_at timestamptz, follows text, acked_by text, acked_at timestamptz,
       acked_until timestamptz, ack_note text)
     on conflict (rule, subject) do update set ${changed.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    [JSON.stringify(alerts)],
  );
}

/** A condition that was met and passed before it fired leaves nothing. */
export async function forgetAlerts(
  queryable: Queryable,
  alerts: readonly Pick<AlertRow, 'rule' | 'subject'>[],
): Promise<void> {
  if (alerts.length === 0) return;
  await queryable.query(
    `delete from alerts where (rule, subject) in
       (select rule, subject from jsonb_to_recordset($1) as a (rule text, subject text))`,
    [JSON.stringify(alerts.map(({ rule, subject }) => ({ rule, subject })))],
  );
}

export async function insertAlertEvents(
  queryable: Queryable,
  events: readonly NewAlertEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await queryable.query(
    `insert into alert_events (at, rule, subject, event, severity, reading, by, note, until)
     select at, rule, subject, event, severity, reading, by, note, until
       from jsonb_to_recordset($1) as e (at timestamptz, rule text, subject text, event text, severity text,
         reading text, by text, note text, until timestamptz)`,
    [JSON.stringify(events)],
  );
}

/** The newest first. */
export async function readAlertEvents(
  queryable: Queryable,
  { from, to, rule = null, limit = 200 }: { from: Date; to: Date; rule?: string | null; limit?: number },
): Promise<AlertEvent[]> {
  const { rows } = await queryable.query<AlertEvent>(
    `select id, at, rule, subject, event, severity, reading, by, note, until from alert_events
      where at >= $1 and at < $2 and ($3::text is null or rule = $3) order by at desc, id desc limit $4`,
    [from, to, rule, limit],
  );
  return rows;
}

/** Those that hold, and those that ended within a day, the newest first. */
export async function readSilences(queryable: Queryable): Promise<Silence[]> {
  const { rows } = await queryable.query<Silence>(
    `select id, rule, subject, begins_at, until, by, reason, ended_at, ended_by from alert_silences
      where ended_at is null or ended_at > clock_timestamp() - interval '1 day' order by id desc`,
  );
  return rows;
}

/** Acknowledges what fires. @returns those it was said of; none: nothing of that name fires */
export async function acknowledgeAlerts(
  queryable: Queryable,
  {
    rule,
    subject,
    by,
    note,
    until,
  }: {
    rule: string;
    /** `null`: all of the rule. */
    subject: string | null;
    by: string;
    note: string | null;
    until: Date;
  },
): Promise<Pick<AlertRow, 'rule' | 'subject' | 'severity' | 'reading'>[]> {
  const { rows } = await queryable.query<AlertRow>(
    `with acked as (
       update alerts set acked_by = $3, acked_at = clock_timestamp(), acked_until = $5, ack_note = $4
        where rule = $1 and ($2::text is null or subject = $2) and state = 'firing'
       returning rule, subject, severity, reading
     ), noted as (
       insert into alert_events (at, rule, subject, event, severity, reading, by, note, until)
       select clock_timestamp(), rule, subject, 'acknowledged', severity, reading, $3, $4, $5 from acked
     )
     select * from acked order by subject`,
    [rule, subject, by, note, until],
  );
  return rows;
}

/** Takes an acknowledgement back. @returns how many */
export async function unacknowledgeAlerts(
  queryable: Queryable,
  { rule, subject, by }: { rule: string; subject: string | null; by: string },
): Promise<number> {
  const { rowCount } = await queryable.query(
    `with ended as (
       update alerts set acked_by = null, acked_at = null, acked_until = null, ack_note = null
        where rule = $1 and ($2::text is null or subject = $2) and acked_until is not null
       returning rule, subject, severity, reading
     )
     insert into alert_events (at, rule, subject, event, severity, reading, by)
     select clock_timestamp(), rule, subject, 'ack_ended', severity, reading, $3 from ended`,
    [rule, subject, by],
  );
  return rowCount ?? 0;
}

/** @returns its id */
export async function insertSilence(
  queryable: Queryable,
  { rule, subject, until, by, reason }: Pick<Silence, 'rule' | 'subject' | 'until' | 'by' | 'reason'>,
): Promise<number> {
  const { rows } = await queryable.query<{ id: number }>(
    `with made as (
       insert into alert_silences (rule, subject, begins_at, until, by, reason)
       values ($1, $2, clock_timestamp(), $3, $4, $5) returning id
     ), noted as (
       insert into alert_events (at, rule, subject, event, severity, reading, by, note, until)
       select clock_timestamp(), coalesce($1, '*'), coalesce($2, ''), 'silenced', 'ticket', $5, $4, $5, $3 from made
     )
     select id from made`,
    [rule, subject, until, by, reason],
  );
  return rows[0]!.id;
}

/** Ends a silence before, or at, its time. @returns it, or `null` if there is none of that number that holds */
export async function endSilence(queryable: Queryable, id: number, by: string): Promise<Silence | null> {
  const { rows } = await queryable.query<Silence>(
    `with ended as (
       update alert_silences set ended_at = clock_timestamp(), ended_by = $2 where id = $1 and ended_at is null
       returning id, rule, subject, begins_at, until, by, reason, ended_at, ended_by
     ), noted as (
       insert into alert_events (at, rule, subject, event, severity, reading, by)
       select clock_timestamp(), coalesce(rule, '*'), coalesce(subject, ''), 'silence_ended', 'ticket', reason, $2 from ended
     )
     select * from ended`,
    [id, by],
  );
  return rows[0] ?? null;
}
