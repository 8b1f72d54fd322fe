/** The pages of operations over the board that all viewers share. */

import type { ServerResponse } from 'node:http';
import { describeError, WattsyncError } from '../errors.ts';
import { type Html, html } from '../html/html.ts';
import { readRules } from '../monitor/alerts/rules.ts';
import { Sealer } from '../seal.ts';
import { ACTIONS, isAction, OrderError } from './actions.ts';
import { Board } from './board.ts';
import { readRange } from './look/axis.ts';
import { type Frame, renderDocument } from './look/document.ts';
import { nowPage } from './now/page.ts';
import type { Answer, Context, OpsParts } from './ops-parts.ts';
import { confirmPage } from './pages/confirm.ts';
import { type LoginForm, loginPage, logoutPage } from './pages/login.ts';
import type { WebhookSaid } from './pages/webhooks.ts';
import { OpsStream, type StreamKey } from './stream.ts';

export type Site = ReturnType<typeof openSite>;

/** Loaded when somebody goes there: "Now" is there the sooner. */
const PAGES = {
  alerts: () => import('./pages/alerts.ts'),
  database: () => import('./pages/database.ts'),
  held: () => import('./pages/held.ts'),
  log: () => import('./pages/log.ts'),
  reports: () => import('./pages/reports.ts'),
  run: () => import('./pages/run.ts'),
  runbook: () => import('./pages/runbook.ts'),
  webhooks: () => import('./pages/webhooks.ts'),
  webhookOrders: () => import('./webhook-orders.ts'),
};

export function openSite({ config, territory, admin }: OpsParts) {
  const rules = readRules();
  const sealer = admin?.sealer ?? new Sealer(null);
  let isPrepared = false;
  // Without a token nobody comes in, and only the page that says so is ever asked.
  const board =
    admin && new Board({ connectionString: admin.database.connectionString, config, territory, rules });
  const stream = new OpsStream(async (key) => {
    const { frame, parts } = await lookNow(key);
    return { at: frame.at!, parts: new Map([...parts].map(([id, part]) => [id, String(part)])) };
  });

  async function lookNow({ range, asTable }: StreamKey) {
    return nowPage(await board!.look(range), { range, asTable, territory, now: new Date() });
  }

  const page = (frame: Frame, { who }: Pick<Context, 'who'>, status = 200): Answer => ({
    status,
    html: renderDocument({ place: 'wattsync', at: new Date(), ...frame, who }),
  });
  const plain = (frame: Omit<Frame, 'page'>, status = 200): Answer => ({
    status,
    html: renderDocument({ page: null, ...frame }),
  });
  /** Above the page: what was just done from here. */
  const noteOf = ({ query }: Context): Html => {
    const done = query.done ?? '';
    const said = isAction(done) ? ACTIONS[done].done : HELD_NOTES[done];
    return html`${said && html`<p class="note" role="status">${said}</p>`}`;
  };
  const keyOf = ({ query }: Context): StreamKey => ({
    range: readRange(query.range),
    asTable: query.as === 'table',
  });
  const pageParts = () => ({ board: board!, territory, rules });

  return {
    /** Reads what the page "Now" shows, for somebody who is about to come: once, since strangers may ask for it, too. */
    prepare(): void {
      if (isPrepared) return;
      isPrepared = true;
      void board?.look(readRange(undefined));
    },
    async now(context: Context): Promise<Answer> {
      const { frame } = await lookNow(keyOf(context));
      return page({ ...frame, crumb: noteOf(context) }, context);
    },
    async runs(context: Context): Promise<Answer> {
      const { runsPage } = await PAGES.run();
      return page(await runsPage(pageParts(), context.query), context);
    },
    async run(context: Context): Promise<Answer> {
      const { runPage } = await PAGES.run();
      const frame = await runPage(pageParts(), context.path.id ?? '', noteOf(context));
      if (!frame) return this.failed(404, `There is no run ${context.path.id}.`);
      return page(frame, context);
    },
    async held(context: Context): Promise<Answer> {
      const { findHeld, heldPage } = await PAGES.held();
      const held = await findHeld(pageParts(), context.path.tdsp ?? '');
      if (typeof held === 'string') return this.failed(404, held);
      return page(await heldPage(pageParts(), held, context.formToken), context);
    },
    /** Only what was seen is published: another one may have been held since. */
    async publishHeld(context: Context): Promise<Answer> {
      const { findHeld, heldPage } = await PAGES.held();
      const held = await findHeld(pageParts(), context.path.tdsp ?? '');
      if (typeof held === 'string') return this.failed(404, held);
      const { observed_at = '', vanish = '' } = context.body;
      const error =
        observed_at !== held.snapshot.observed_at.toISOString()
          ? 'Another snapshot was held back since this page was loaded. Look at it first.'
          : vanish.trim() !== String(held.difference.gone.length)
            ? `Type how many plans would vanish: ${held.difference.gone.length}, not "${vanish.trim()}".`
            : null;
      if (error) return page(await heldPage(pageParts(), held, context.formToken, error), context, 400);
      const outcome = await admin!.engine.publishHeld(held.snapshot.tdsp_duns, actorOf(context));
      board!.forget();
      if (outcome?.error_code)
        throw new OrderError(`It was not published: ${outcome.message ?? outcome.error_code}`);
      return { to: '/ops?done=held_published' };
    },
    async dropHeld(context: Context): Promise<Answer> {
      const { findHeld, heldPage } = await PAGES.held();
      const held = await findHeld(pageParts(), context.path.tdsp ?? '');
      if (typeof held === 'string') return this.failed(404, held);
      if (context.body.observed_at !== held.snapshot.observed_at.toISOString()) {
        const error = 'Another snapshot was held back since this page was loaded. Look at it first.';
        return page(await heldPage(pageParts(), held, context.formToken, error), context, 400);
      }
      await admin!.engine.dropHeld(held.snapshot.tdsp_duns, actorOf(context));
      board!.forget();
      return { to: '/ops?done=held_dropped' };
    },
    async alerts(context: Context): Promise<Answer> {
      const { alertsPage } = await PAGES.alerts();
      return page({ ...(await alertsPage(pageParts(), keyOf(context))), crumb: noteOf(context) }, context);
    },
    async webhooks(context: Context): Promise<Answer> {
      const { webhooksPage } = await PAGES.webhooks();
      const frame = await webhooksPage(pageParts(), sealer.hasKey);
      return page({ ...frame, crumb: noteOf(context) }, context);
    },
    async webhook(context: Context, said: WebhookSaid = {}, status = 200): Promise<Answer> {
      const name = context.path.name ?? '';
      const { webhookPage } = await PAGES.webhooks();
      const frame = await webhookPage(pageParts(), name, context.formToken, said);
      return frame ? page(frame, context, status) : this.failed(404, `There is no webhook "${name}".`);
    },
    /** Answered with the page itself: a secret is shown once, and no address holds it. */
    async orderWebhook(context: Context): Promise<Answer> {
      const { name = '', order = '' } = context.path;
      const orders = { database: admin!.database.pool, sealer, by: actorOf(context) };
      const { obeyWebhook } = await PAGES.webhookOrders();
      const outcome = await obeyWebhook(orders, order, name, context.body);
      if (outcome === 'removed') return { to: '/ops/webhooks?done=webhook_removed' };
      if (outcome === 'unknown') return this.failed(404, `There is no webhook "${name}".`);
      return this.webhook(context, outcome, outcome.error === undefined ? 200 : 400);
    },
    async database(context: Context): Promise<Answer> {
      const { databasePage } = await PAGES.database();
      return page(await databasePage(pageParts(), keyOf(context)), context);
    },
    async reports(context: Context): Promise<Answer> {
      const { findReport, reportFile, reportPage } = await PAGES.reports();
      const report = await findReport(pageParts(), context.query);
      return reportFile(report, context.query.as) ?? page(await reportPage(pageParts(), report), context);
    },
    async runbook(context: Context): Promise<Answer> {
      const { runbookPage } = await PAGES.runbook();
      return page(await runbookPage(pageParts()), context);
    },
    async log(context: Context): Promise<Answer> {
      const { logPage } = await PAGES.log();
      return page(await logPage(pageParts(), context.query), context);
    },
    confirm(context: Context): Answer {
      const name = context.path.action ?? '';
      if (!isAction(name)) return this.failed(404, `There is nothing to do by the name "${name}".`);
      return page(
        confirmPage(name, context.query, context.formToken, { ...admin!, rules, territory }),
        context,
      );
    },
    async act(context: Context): Promise<Answer> {
      const name = context.path.action ?? '';
      if (!isAction(name)) return this.failed(404, `There is nothing to do by the name "${name}".`);
      const { run, needsReason } = ACTIONS[name];
      const parts = { ...admin!, rules, territory };
      const reason = oneLine(context.body.reason ?? '') || null;
      try {
        if (needsReason && reason === null)
          throw new OrderError('This needs a reason: it stands in the audit log.');
        const to = await run(parts, { by: actorOf(context), reason, fields: context.body });
        board!.forget();
        return { to: `${to}${to.includes('?') ? '&' : '?'}done=${name}` };
      } catch (error) {
        if (!(error instanceof WattsyncError)) throw error;
        const said = confirmPage(name, context.body, context.formToken, parts, describeError(error));
        return page(said, context, 409);
      }
    },
    stream(context: Context): ((response: ServerResponse) => void) | null {
      if (stream.isFull) return null;
      return (response) => stream.join(keyOf(context), response);
    },
    login: (form: LoginForm, status = 200): Answer => plain(loginPage(form), status),
    logout: (formToken: string): Answer => plain(logoutPage(formToken)),
    failed: (status: number, message: string): Answer =>
      plain(
        {
          title: TITLES[status] ?? 'not possible',
          mark: status >= 500 ? 'bad' : 'watch',
          headline: HEADLINES[status] ?? 'This cannot be done.',
          lead: html`<p>${message} <a href="/ops">To what is going on now</a></p>`,
          body: '',
        },
        status,
      ),
    async stop(): Promise<void> {
      stream.stop();
      await board?.stop();
    },
  };
}

const HELD_NOTES: Record<string, string> = {
  held_published: 'The snapshot was published; every process has it within a second.',
  webhook_removed: 'The webhook was removed: nothing is sent there any more.',
  held_dropped: 'The snapshot was dropped. The published plans stay.',
};
const TITLES: Record<number, string> = { 401: 'log in', 403: 'not allowed', 404: 'not found' };
const HEADLINES: Record<number, string> = {
  401: 'Nobody is logged in.',
  403: 'This was not done.',
  404: 'There is nothing here.',
  500: 'Something unexpected went wrong.',
  503: 'Not just now.',
};

/** In the audit log: apart from what schedules, readers and commands ask, whatever name somebody takes. */
const actorOf = ({ who }: Context): string => `ops:${who}`;

/** One line, because terminals show it. */
const oneLine = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 500);
