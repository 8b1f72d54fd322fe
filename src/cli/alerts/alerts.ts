/** `alerts`: what fires, who knows of it, and what happened. */

import { userInfo } from 'node:os';
import { logAlert } from '../../app/observe.ts';
import { describeError, expected } from '../../errors.ts';
import { createLog } from '../../log.ts';
import { openChannels } from '../../monitor/alerts/channels.ts';
import { DURATION_TEXT, readDuration } from '../../monitor/alerts/duration.ts';
import {
  ACK_MS,
  type AlertDisplay,
  type AlertView,
  ackAlert,
  listAlerts,
  silenceAlert,
  unackAlert,
  unsilenceAlert,
} from '../../monitor/alerts/list-alerts.ts';
import { testMessage } from '../../monitor/alerts/messages.ts';
import { type Rules, readRules } from '../../monitor/alerts/rules.ts';
import { plural, spanText, timeText, tookText } from '../../monitor/text.ts';
import { readAlertEvents } from '../../store/observation/alert-rows.ts';
import { readChannelDeliveries } from '../../store/observation/deliveries.ts';
import { readObserver } from '../../store/observation/observer-lease.ts';
import { writeAudit } from '../../store/queue/audit-log.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { cleaned, inked, type Tone, toned } from '../monitor/ink.ts';
import { inkOf } from '../monitor/terminal.ts';
import { UsageError } from '../usage-error.ts';

const rulesOf = ({ config }: CommandContext): Rules => readRules(config.alerts.rulesFile ?? undefined);
const operator = (): string => `cli:${userInfo().username}`;

const TONES: Record<AlertDisplay, Tone> = {
  firing: 'bad',
  acknowledged: 'warn',
  silenced: 'dim',
  follows: 'dim',
  pending: 'warn',
  resolved: 'good',
};
/** Told in a list; one that is over is in the history. */
const OPEN: readonly AlertDisplay[] = ['firing', 'acknowledged', 'silenced', 'follows', 'pending'];

/** Fails while anything fires that nobody has acknowledged or silenced. */
export function alertsList(context: CommandContext): Promise<number> {
  return withStore(context, 2, async ({ pool }) => {
    const rules = rulesOf(context);
    const { at, alerts, silences } = await listAlerts(pool, rules);
    const channels = await readChannelDeliveries(pool);
    const { state: _state, at: _at, ...observer } = await readObserver(pool);
    const open = alerts.filter(({ display }) => OPEN.includes(display));
    const isFine = !open.some(({ display }) => display === 'firing');
    const holding = silences.filter(({ ended_at }) => ended_at === null);
    const found = { at, alerts: open, silences: holding, channels, observer, rules: rules.rules.length };
    return answer(
      context,
      found,
      () => {
        const lines = [
          ...open.map((alert) => alertLine(alert, at)),
          open.length === 0 ? `Nothing fires: ${rules.rules.length} rules.` : '',
          observer.is_held && observer.evaluated_at
            ? `Evaluated ${spanText((at.getTime() - observer.evaluated_at.getTime()) / 1_000)} ago by process ${observer.holder?.pid ?? '?'} in ${Math.round(observer.took_ms ?? 0)} ms.`
            : 'NOBODY evaluates the alerts: no process is running. Start one with: npm start',
        ];
        return inked(lines.filter(Boolean).join('\n'), inkOf(process.stdout));
      },
      isFine,
    );
  });
}

function alertLine(alert: AlertView, at: Date): string {
  const { title, subject, reading, since, display, severity, runbook } = cleaned(alert);
  const what = subject === '' ? title : `${title}: ${subject}`;
  const head = toned(TONES[display], display.padEnd(12));
  const until =
    alert.silence !== null
      ? `, until ${timeText(new Date(alert.silence.until), at)} by ${alert.silence.by}: ${alert.silence.reason}`
      : alert.acked_until
        ? `, until ${timeText(alert.acked_until, at)} by ${alert.acked_by}`
        : alert.follows
          ? // After a start nobody says that PostgreSQL is away: what is wrong has two minutes to be repaired.
            alert.follows === 'postgres_away'
            ? ', waits for two minutes, or for PostgreSQL'
            : `, follows from ${alert.follows}`
          : '';
  const since_ = spanText((at.getTime() - since.getTime()) / 1_000);
  return `${head} ${severity.padEnd(6)} ${what} (${alert.rule})\n${' '.repeat(20)}${reading}, for ${since_}${until}\n${' '.repeat(20)}${runbook}`;
}

interface ForOption {
  for?: string;
  subject?: string;
}

function durationOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const ms = readDuration(text);
  if (ms === null) throw new UsageError(`--for: ${expected(DURATION_TEXT, text)}`);
  return ms;
}

export function alertsAck(
  context: CommandContext,
  rule: string,
  {
    for: time,
    subject = null,
    note = null,
    end = false,
  }: Omit<ForOption, 'subject'> & {
    subject?: string | null;
    note?: string | null;
    end?: boolean;
  },
): Promise<number> {
  return withStore(context, 1, async ({ pool }) => {
    const order = { rule, subject, by: operator() };
    if (end) {
      const ended = await unackAlert(pool, order);
      return answer(context, { ended }, () => `${plural(ended, 'acknowledgement')} taken back.`, ended > 0);
    }
    const forMs = durationOf(time, ACK_MS);
    const { until, alerts } = await ackAlert(pool, rulesOf(context), { ...order, note, forMs });
    await writeAudit(pool, {
      actor: order.by,
      action: 'alert_acknowledged',
      details: { rule, subject, until },
    });
    const named = alerts
      .map((one) => one.subject)
      .filter(Boolean)
      .join(', ');
    return answer(context, { until, alerts }, () => {
      const what = named === '' ? rule : `${rule} (${named})`;
      return `Acknowledged: ${what}, until ${until.toISOString()}, or until it resolves or worsens.`;
    });
  });
}

export function alertsSilence(
  context: CommandContext,
  rule: string,
  {
    for: time,
    subject = null,
    reason = '',
    end = false,
  }: Omit<ForOption, 'subject'> & {
    subject?: string | null;
    reason?: string;
    end?: boolean;
  },
): Promise<number> {
  return withStore(context, 1, async ({ pool }) => {
    const by = operator();
    if (end) {
      const id = Number(rule);
      if (!Number.isInteger(id)) throw new UsageError(`--end: ${expected('the number of a silence', rule)}`);
      const ended = await unsilenceAlert(pool, id, by);
      await writeAudit(pool, { actor: by, action: 'alert_silence_ended', details: { id } });
      return answer(context, { ended }, () => `Silence ${id} is over; what still fires is told again.`);
    }
    if (reason.trim() === '') throw new UsageError('--reason is needed: others will ask why nobody was told');
    const forMs = durationOf(time, HOUR_MS);
    const made = await silenceAlert(pool, rulesOf(context), {
      rule: rule === '*' ? null : rule,
      subject,
      by,
      reason,
      forMs,
    });
    await writeAudit(pool, {
      actor: by,
      action: 'alert_silenced',
      details: { rule, subject, reason, ...made },
    });
    return answer(
      context,
      made,
      () =>
        `Silence ${made.id}, until ${made.until.toISOString()}. End it with: npx wattsync alerts silence ${made.id} --end`,
    );
  });
}

const HISTORY_DAYS = 7;

export function alertsHistory(
  context: CommandContext,
  { days = HISTORY_DAYS, rule = null, limit = 100 }: { days?: number; rule?: string | null; limit?: number },
): Promise<number> {
  return withStore(context, 1, async ({ pool }) => {
    const to = await readDatabaseTime(pool);
    const from = new Date(to.getTime() - days * DAY_MS);
    const events = await readAlertEvents(pool, { from, to, rule, limit });
    return answer(context, { from, to, events }, () =>
      events.length === 0
        ? `Nothing happened within ${plural(days, 'day')}.`
        : cleaned(events)
            .map(({ at, event, rule, subject, severity, reading, by }) => {
              const what = subject === '' ? rule : `${rule} ${subject}`;
              const who = by === null ? '' : ` by ${by}`;
              return `${at.toISOString().slice(0, 19).replace('T', ' ')}  ${event.replace('_', ' ').padEnd(13)} ${severity.padEnd(6)} ${what}${who}: ${reading}`;
            })
            .join('\n'),
    );
  });
}

/** Sends a message over every channel, whatever the rules say, and tells how each went. */
export async function alertsTest(context: CommandContext): Promise<number> {
  const log = await createLog('info');
  const channels = openChannels(context.config, logAlert(log));
  rulesOf(context);
  const message = testMessage(new Date());
  const results = await Promise.all(
    channels.map(async ({ name, goesTo, send }) => {
      const began = performance.now();
      const error = await send(message).then(
        () => null,
        (cause) => describeError(cause),
      );
      return { channel: name, goes_to: goesTo, took_ms: Math.round(performance.now() - began), error };
    }),
  );
  const isFine = results.every(({ error }) => error === null);
  return answer(
    context,
    { id: message.id, results },
    () =>
      results
        .map(({ channel, goes_to, took_ms, error }) => {
          const how = error === null ? `delivered in ${tookText(took_ms)}` : `FAILED: ${error}`;
          return `${channel.padEnd(8)} ${goes_to}  ${how}`;
        })
        .join('\n'),
    isFine,
  );
}
