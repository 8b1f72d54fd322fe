/** Webhooks: who is told what happens, how that goes, and what an operator may do about it. */

import { type Html, html } from '../../html/html.ts';
import { plural } from '../../monitor/text.ts';
import type { EventFilter } from '../../store/events/event-log.ts';
import { readLogEnds } from '../../store/events/event-log.ts';
import { readDeliveries, readWebhooks, type Webhook } from '../../store/events/webhooks.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import type { Frame } from '../look/document.ts';
import { state } from '../look/marks.ts';
import { command, scrolled, section } from '../look/parts.ts';
import { capital, count, numberWord, spanWords, time, when } from '../look/words.ts';
import type { PageParts } from './run.ts';

const DELIVERIES = 50;
/** Beyond as many events the receiver is behind, and not just being told. */
const BEHIND = 500;

const STATES = { active: 'told', paused: 'paused', disabled: 'disabled' } as const;

/** What it is told, and how that goes. */
function stateOf({ state: now, failures, seq }: Webhook, last: number): Html {
  if (now === 'disabled') return state('bad', STATES.disabled);
  if (now === 'paused') return state('watch', STATES.paused);
  if (failures > 0) return state('watch', failures === 1 ? 'failed once' : `failed ${failures} times`);
  return last - seq > BEHIND ? state('watch', 'behind') : state('good', STATES.active);
}

/** @param hasKey whether stored secrets are sealed */
export async function webhooksPage({ board }: PageParts, hasKey: boolean): Promise<Frame> {
  const { queryable } = board;
  const hooks = await readWebhooks(queryable);
  const { last } = await readLogEnds(queryable);
  const now = await readDatabaseTime(queryable);
  const disabled = hooks.filter((hook) => hook.state === 'disabled');
  const failing = hooks.filter((hook) => hook.state === 'active' && hook.failures > 0);
  const number = (hooks: readonly unknown[]) => capital(numberWord(hooks.length));
  const headline =
    hooks.length === 0
      ? 'Nobody is told by webhook.'
      : disabled.length > 0
        ? `${number(disabled)} of ${plural(hooks.length, 'webhook')} ${disabled.length === 1 ? 'is' : 'are'} disabled.`
        : failing.length > 0
          ? `${number(failing)} of ${plural(hooks.length, 'webhook')} ${failing.length === 1 ? 'does' : 'do'} not take what is sent.`
          : `${number(hooks)} ${hooks.length === 1 ? 'webhook is' : 'webhooks are'} told what happens.`;
  return {
    page: 'Webhooks',
    title: disabled.length > 0 ? `${disabled.length} disabled` : 'webhooks',
    mark: disabled.length > 0 ? 'bad' : failing.length > 0 ? 'watch' : 'verdict',
    headline,
    lead: html`<p>The log of events is at ${count(last)}. Each is sent in its order, at least once, under an id that stays the same; a receiver that fails is tried again for five days.${!hasKey && hooks.length > 0 && html` Their secrets are stored as they are: set <code>SECRETS_KEY</code> to seal them.`}</p>`,
    at: now,
    body: html`${hooks.length > 0 && section('webhooks', 'Receivers', html`<p>A name leads to what was sent, and to what can be done.</p>`, scrolled('Receivers of events', hooksTable(hooks, last, now)))}${section('add', 'Another one', html`<p>The secret is shown once, so it is added where it can be copied from.</p>`, html`<p>${command('npx wattsync webhooks add <name> <https address>')}</p><p>or <code>POST /v1/admin/webhooks</code>.</p>`)}`,
  };
}

const hooksTable = (hooks: readonly Webhook[], last: number, now: Date): Html =>
  html`<table class="rows tight cl"><thead><tr><th scope="col">name</th><th scope="col" class="l">state</th><th scope="col" class="l w">host</th><th scope="col">behind</th><th scope="col" class="l w">is told</th><th scope="col" class="t l w">next try</th></tr></thead><tbody>${hooks.map(
    (hook) =>
      html`<tr><th scope="row"><a href="/ops/webhooks/${hook.name}">${hook.name}</a></th><td class="l">${stateOf(hook, last)}</td><td class="l w">${new URL(hook.url).host}</td><td>${count(Math.max(0, last - hook.seq))}</td><td class="l w">${filterWords(hook)}</td><td class="t l w">${nextTry(hook, now) || '–'}</td></tr>`,
  )}</tbody></table>`;

function nextTry({ state: now, failures, next_at }: Webhook, at: Date): string {
  if (now !== 'active' || failures === 0) return '';
  return `in ${spanWords(Math.max(0, (next_at.getTime() - at.getTime()) / 1_000))}`;
}

function filterWords({ filter, with_plans }: { filter: EventFilter; with_plans: boolean }): string {
  const { tdsps, kinds, provider_id, offer_id, minChange } = filter;
  const parts = [
    kinds ? kinds.map((kind) => kind.replaceAll('_', ' ')).join(', ') : 'everything',
    tdsps && `of ${tdsps.join(', ')}`,
    provider_id && `of the provider ${provider_id}`,
    offer_id && `of the offer ${offer_id}`,
    minChange != null && `by ${minChange} ¢ and more`,
    with_plans && 'with plans',
  ];
  return parts.filter(Boolean).join(', ');
}

/** What an order brought, to be told on the page of its webhook. */
export interface WebhookSaid {
  error?: string;
  note?: string;
  /** Shown this once. */
  secret?: string;
}

/** @returns `null`: there is no such webhook */
export async function webhookPage(
  { board }: PageParts,
  name: string,
  formToken: string,
  { error, note, secret }: WebhookSaid = {},
): Promise<Frame | null> {
  const { queryable } = board;
  const [hook] = await readWebhooks(queryable, name);
  if (!hook) return null;
  const { last, dropped } = await readLogEnds(queryable);
  const now = await readDatabaseTime(queryable);
  const deliveries = await readDeliveries(queryable, name, DELIVERIES);
  const failed = deliveries.filter(({ error }) => error !== null).length;
  const behind = Math.max(0, last - hook.seq);
  const headline = {
    active:
      hook.failures > 0
        ? `${name} does not take what is sent.`
        : behind > 0
          ? `${name} is told, ${plural(behind, 'event')} behind.`
          : `${name} was told everything.`,
    paused: `${name} is paused, ${plural(behind, 'event')} behind.`,
    disabled: `${name} is disabled, ${plural(behind, 'event')} behind.`,
  }[hook.state];
  const trouble =
    hook.failing_since &&
    html` It has failed ${hook.failures === 1 ? 'once, at' : `${hook.failures} times in a row, since`} ${when(hook.failing_since, now)}${nextTry(hook, now) && `; the next try is ${nextTry(hook, now)}`}.`;
  return {
    page: 'Webhooks',
    title: name,
    mark:
      hook.state === 'disabled' ? 'bad' : hook.state === 'paused' || hook.failures > 0 ? 'watch' : 'verdict',
    crumb: html`<a href="/ops/webhooks">Webhooks</a> · ${name}`,
    headline,
    lead: html`<p>It is sent to ${new URL(hook.url).host}: ${filterWords(hook)}. Its place in the log is ${count(hook.seq)} of ${count(last)}.${hook.why_disabled && html` Why it is disabled: ${hook.why_disabled}.`}${trouble}</p>`,
    at: now,
    body: html`${error && html`<p class="note bad" role="alert">${error}</p>`}${note && html`<p class="note" role="status">${note}${secret && html` <code>${secret}</code>`}</p>`}${doSection(hook, dropped, formToken)}${section('tries', 'Last tries', html`<p>${deliveries.length === 0 ? 'Nothing was sent yet.' : failed === 0 ? `All ${deliveries.length} were taken.` : `${failed} of ${deliveries.length} were not taken.`} A try that failed comes again under the same id, word for word.</p>`, deliveries.length > 0 && scrolled('Last tries', triesTable(deliveries, now)))}`,
  };
}

const triesTable = (deliveries: Awaited<ReturnType<typeof readDeliveries>>, now: Date): Html =>
  html`<table class="rows tight cl"><thead><tr><th scope="col">when</th><th scope="col" class="l">message</th><th scope="col">ms</th><th scope="col" class="l">answer</th></tr></thead><tbody>${deliveries.map(
    ({ at, message_id, took_ms, error }) =>
      html`<tr><th scope="row">${time(at, when(at, now))}</th><td class="l"><code>${message_id}</code></td><td>${count(took_ms)}</td><td class="l x">${error === null ? state('good', 'taken') : html`${state('bad', 'not taken')} ${error}`}</td></tr>`,
  )}</tbody></table>`;

function doSection(hook: Webhook, dropped: number, formToken: string): Html {
  const { name, state: now, seq } = hook;
  const path = `/ops/webhooks/${name}`;
  const form = (order: string, more: Html | false, buttons: Html) =>
    html`<form class="sure" method="post" action="${path}/${order}"><input type="hidden" name="form_token" value="${formToken}">${more}<span class="bs">${buttons}</span></form>`;
  const button = (order: string, words: string, isFirst = false) =>
    html`<button class="b${isFirst && ' go'}" formaction="${path}/${order}">${words}</button>`;
  const first = now === 'active' ? button('pause', 'Pause it') : button('resume', 'Go on telling it', true);
  const field = (id: string, label: string, value: string, mode = 'text') =>
    html`<div class="field"><label for="${id}">${label}</label><input id="${id}" name="${id}" value="${value}" maxlength="40" inputmode="${mode}" autocomplete="off" required=""></div>`;
  return section(
    'do',
    'What can be done',
    html`<p>Each of these stands in the audit log.</p>`,
    html`${form('test', false, html`${first}${button('test', 'Send a test')}${button('rotate', 'Give it a new secret')}`)}${form('replay', field('since', `Everything after this event; the log begins after ${dropped}`, String(seq), 'numeric'), button('replay', 'Send again'))}${form('remove', field('confirm', `Its name, ${name}, to remove it for good`, ''), button('remove', 'Remove it'))}`,
  );
}
