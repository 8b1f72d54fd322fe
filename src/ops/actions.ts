/** What can be done from the pages: each asks once more, is a POST with the token of its session, and stands in the audit log. */

import type { AdminParts } from '../api/routes.ts';
import { expected, WattsyncError } from '../errors.ts';
import { type Html, html } from '../html/html.ts';
import { DURATION_TEXT, readDuration } from '../monitor/alerts/duration.ts';
import { ackAlert, silenceAlert, unackAlert, unsilenceAlert } from '../monitor/alerts/list-alerts.ts';
import type { Rules } from '../monitor/alerts/rules.ts';
import { requestClear } from '../store/cache/cache-clears.ts';
import { writeAudit } from '../store/queue/audit-log.ts';
import type { Territory } from '../territory/territory.ts';

export type Fields = Readonly<Record<string, string>>;

export interface ActionParts extends Pick<AdminParts, 'engine' | 'database'> {
  rules: Rules;
  territory: Territory;
}

interface Order {
  by: string;
  reason: string | null;
  fields: Fields;
}

/** A form was filled in wrongly; the page says what would be right. */
export class OrderError extends WattsyncError {
  readonly code = 'ops_order_invalid';
  readonly retryable = false;
}

interface Action {
  /** Of the button, without the dots that say that it asks once more. */
  button: string;
  question: string;
  effect: string;
  /** The command that undoes it. */
  undo: string | null;
  /** The command that does the same. */
  command: string;
  /** Whether it cannot be done without a reason. */
  needsReason?: boolean;
  /** What else the form asks, filled in as the link said. */
  fields?(fields: Fields, parts: ActionParts): Html;
  /** @returns the page to go to */
  run(parts: ActionParts, order: Order): Promise<string>;
  /** Said on top of that page. */
  done: string;
}

export type ActionName =
  | 'sync'
  | 'try'
  | 'stop'
  | 'resume'
  | 'emergency'
  | 'clear'
  | 'ack'
  | 'unack'
  | 'silence'
  | 'unsilence';

export const isAction = (name: string): name is ActionName => Object.hasOwn(ACTIONS, name);

const audit = ({ database }: ActionParts, actor: string, action: string, details: Record<string, unknown>) =>
  writeAudit(database.pool, { actor, action, details });

export const ACTIONS: Record<ActionName, Action> = {
  sync: {
    button: 'Sync now',
    question: 'Sync now?',
    effect:
      'Asks for what tier 1 and recent demand need: at most one call for each TDSP. After a stop, syncing goes on with it.',
    undo: null,
    command: 'npm run sync:priority',
    async run(parts, { by, reason }) {
      const { run_id } = await parts.engine.request({ kind: 'priority', requested_by: by, reason });
      await audit(parts, by, 'sync_asked', { run_id, kind: 'priority', reason });
      return `/ops/runs/${run_id}`;
    },
    done: 'The sync was asked for.',
  },
  try: {
    button: 'Try one call',
    question: 'Try one call?',
    effect:
      'Fetches one TDSP now, out of the budget of forced calls. While the circuit is open it waits for the trial call.',
    undo: null,
    command: 'npm run sync:city -- dallas-tx --force',
    fields: ({ tdsp = '' }, { territory }) =>
      html`<div class="field"><label for="tdsp">TDSP</label><select id="tdsp" name="tdsp">${territory.tdsps.map(
        ({ code, short_name }) =>
          html`<option value="${code}"${code === tdsp && html` selected=""`}>${short_name}</option>`,
      )}</select></div>`,
    async run(parts, { by, reason, fields }) {
      const tdsp = parts.territory.tdsp(fields.tdsp ?? '');
      if (!tdsp) throw new OrderError(expected(`one of ${parts.territory.tdspList}`, fields.tdsp ?? ''));
      const names = [tdsp.code];
      const { run_id } = await parts.engine.request({
        kind: 'city',
        tdsps: [tdsp.duns],
        names,
        force: true,
        requested_by: by,
        reason,
      });
      await audit(parts, by, 'sync_asked', { run_id, kind: 'city', names, force: true, reason });
      return `/ops/runs/${run_id}`;
    },
    done: 'One call was asked for.',
  },
  stop: {
    button: 'Stop syncing',
    question: 'Stop syncing in all processes?',
    effect: 'Running syncs may end, none begins, in all processes. Readers are served.',
    undo: 'npm run sync:resume',
    command: 'npm run sync:stop',
    async run({ engine }, { by, reason }) {
      await engine.changeControl('stopped', { by, reason });
      return '/ops';
    },
    done: 'Syncing is stopped. Readers are served with the plans there are.',
  },
  resume: {
    button: 'Resume syncing',
    question: 'Let syncing go on?',
    effect:
      'Schedules and requests are followed again, in all processes. What was cancelled is not asked for again by itself.',
    undo: 'npm run sync:stop',
    command: 'npm run sync:resume',
    async run({ engine }, { by, reason }) {
      await engine.changeControl('running', { by, reason });
      return '/ops';
    },
    done: 'Syncing goes on.',
  },
  emergency: {
    button: 'Emergency halt',
    question: 'Halt everything that syncs, now?',
    effect: 'Cuts off running syncs and cancels what waits, in all processes. Readers are served.',
    undo: 'npm run sync:resume',
    command: 'npm run sync:emergency',
    needsReason: true,
    async run({ engine }, { by, reason }) {
      await engine.halt({ by, reason });
      return '/ops';
    },
    done: 'Syncing is halted. Readers are served with the plans there are.',
  },
  clear: {
    button: 'Clear caches',
    question: 'Clear the caches of all processes?',
    effect:
      'Every process loads its plan sets again from the stored plans. The plans stay, and no call is made.',
    undo: 'npm run cache:warm',
    command: 'npm run cache:clear',
    async run(parts, { by, reason }) {
      await requestClear(parts.database, null);
      await audit(parts, by, 'cache_cleared', { tdsps: null, reason });
      return '/ops';
    },
    done: 'The caches were cleared; every process loads its plans again.',
  },
  ack: {
    button: 'Acknowledge',
    question: 'Acknowledge this alert?',
    effect:
      'Says that somebody is at it: no reminders meanwhile. It ends by itself, and at once when the alert worsens.',
    undo: 'npx wattsync alerts',
    command: 'npx wattsync alerts ack',
    fields: (fields) => html`${fixed(fields, ['rule', 'subject'])}${lasts(fields.for ?? '4h')}`,
    async run(parts, { by, reason, fields }) {
      const { rule, subject } = alertOf(fields);
      const forMs = durationOf(fields);
      await ackAlert(parts.database.pool, parts.rules, { rule, subject, by, note: reason, forMs });
      await audit(parts, by, 'alert_acknowledged', { rule, subject, for: fields.for, reason });
      return '/ops/alerts';
    },
    done: 'The alert is acknowledged.',
  },
  unack: {
    button: 'Take back',
    question: 'Take the acknowledgement back?',
    effect: 'The alert fires as before, and reminds again.',
    undo: null,
    command: 'npx wattsync alerts',
    fields: (fields) => fixed(fields, ['rule', 'subject']),
    async run(parts, { by, fields }) {
      await unackAlert(parts.database.pool, { ...alertOf(fields), by });
      await audit(parts, by, 'alert_unacknowledged', alertOf(fields));
      return '/ops/alerts';
    },
    done: 'The acknowledgement was taken back.',
  },
  silence: {
    button: 'Silence',
    question: 'Silence this rule?',
    effect: 'Tells nobody until it ends, then tells again if it still fires.',
    undo: 'npx wattsync alerts',
    command: 'npx wattsync alerts silence',
    needsReason: true,
    fields: (fields, { rules }) =>
      html`<div class="field"><label for="rule">Rule</label><select id="rule" name="rule">${rules.rules.map(
        ({ id, title }) =>
          html`<option value="${id}"${id === fields.rule && html` selected=""`}>${title}</option>`,
      )}</select></div><div class="field"><label for="subject">Of: TDSP, process or whatever the rule tells apart; empty for everything</label><input id="subject" name="subject" value="${fields.subject ?? ''}" maxlength="120"></div>${lasts(fields.for ?? '4h')}`,
    async run(parts, { by, reason, fields }) {
      const { rule, subject } = alertOf(fields);
      const forMs = durationOf(fields);
      await silenceAlert(parts.database.pool, parts.rules, {
        rule,
        subject: subject || null,
        by,
        reason: reason ?? '',
        forMs,
      });
      await audit(parts, by, 'alert_silenced', { rule, subject, for: fields.for, reason });
      return '/ops/alerts';
    },
    done: 'The rule is silenced.',
  },
  unsilence: {
    button: 'End silence',
    question: 'End this silence?',
    effect: 'What still fires is told again.',
    undo: null,
    command: 'npx wattsync alerts',
    fields: (fields) => fixed(fields, ['id']),
    async run(parts, { by, fields }) {
      const id = /^\d{1,15}$/.test(fields.id ?? '') ? Number(fields.id) : Number.NaN;
      if (Number.isNaN(id)) throw new OrderError(expected('the number of a silence', fields.id ?? ''));
      await unsilenceAlert(parts.database.pool, id, by);
      await audit(parts, by, 'alert_unsilenced', { id });
      return '/ops/alerts';
    },
    done: 'The silence has ended.',
  },
};

const fixed = (fields: Fields, names: readonly string[]): Html =>
  html`${names.map((name) => html`<input type="hidden" name="${name}" value="${fields[name] ?? ''}">`)}${
    fields.rule !== undefined &&
    html`<p><code>${fields.rule}</code>${fields.subject && html` of ${fields.subject}`}</p>`
  }`;

const lasts = (value: string): Html =>
  html`<div class="field"><label for="for">For how long, such as 90m, 4h or 2d</label><input class="short" id="for" name="for" value="${value}" required pattern="[0-9]{1,6}[smhd]"></div>`;

/** Where the rule tells nothing apart the subject is the empty text. */
const alertOf = ({ rule = '', subject = '' }: Fields) => ({ rule, subject });

function durationOf(fields: Fields): number {
  const ms = readDuration(fields.for ?? '');
  if (ms === null) throw new OrderError(expected(DURATION_TEXT, fields.for ?? ''));
  return ms;
}
