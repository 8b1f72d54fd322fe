/** Alerts: what is open, all rules with what is read now, silences, channels, history. */

import { type Html, html } from '../../html/html.ts';
import type { AlertList } from '../../monitor/alerts/list-alerts.ts';
import type { Rule, Rules } from '../../monitor/alerts/rules.ts';
import { limitText } from '../../monitor/text.ts';
import type { AlertEvent, AlertEventKind, Silence } from '../../store/observation/alert-rows.ts';
import { readAlertEvents } from '../../store/observation/alert-rows.ts';
import { type ChannelDeliveries, readChannelDeliveries } from '../../store/observation/deliveries.ts';
import { DAY_MS } from '../../units.ts';
import type { Axis } from '../look/axis.ts';
import { spans, strip } from '../look/chart.ts';
import type { Frame } from '../look/document.ts';
import { type Mark, mark, state } from '../look/marks.ts';
import { act, runbookPath, section } from '../look/parts.ts';
import { capital, count, numberWord, time, when } from '../look/words.ts';
import { alertWords, before, DISPLAYS, openAlerts } from '../now/alerts.ts';
import { axisOf } from '../now/page.ts';
import type { StreamKey } from '../stream.ts';
import { databaseAwayLead, verdictLine } from '../verdict-line.ts';
import type { PageParts } from './run.ts';

const HISTORY_DAYS = 7;
const HISTORY = 100;

export async function alertsPage(
  { board, rules }: PageParts & { rules: Rules },
  { range, asTable }: StreamKey,
): Promise<Frame> {
  const seen = await board.look(range);
  const { fast, past } = seen;
  if (!fast || !past || seen.failure) {
    return { page: 'Alerts', ...verdictLine(seen, [], new Date()), lead: databaseAwayLead(seen), body: '' };
  }
  const { alerts } = fast;
  const axis = axisOf(range, seen, alerts.at);
  const from = new Date(alerts.at.getTime() - HISTORY_DAYS * DAY_MS);
  const history = await readAlertEvents(board.queryable, {
    from,
    to: new Date(alerts.at.getTime() + 1_000),
    limit: HISTORY,
  });
  const channels = await readChannelDeliveries(board.queryable);
  const firing = alerts.alerts.filter(({ display }) => display === 'firing').length;
  const said = alerts.alerts.filter(
    ({ display }) => display === 'acknowledged' || display === 'silenced',
  ).length;
  const quiet =
    rules.rules.length -
    new Set(alerts.alerts.filter(({ display }) => display !== 'resolved').map(({ rule }) => rule)).size;
  return {
    page: 'Alerts',
    title: firing === 0 ? 'no alert fires' : `${firing} firing`,
    mark: firing > 0 ? 'bad' : said > 0 ? 'watch' : 'verdict',
    headline: `${firing === 0 ? 'No alert fires.' : `${capital(numberWord(firing))} ${firing === 1 ? 'alert fires' : 'alerts fire'}.`} ${said > 0 ? `${capital(numberWord(said))} ${said === 1 ? 'is' : 'are'} acknowledged or silenced, ` : ''}${quiet} rules are quiet.`,
    lead: html`<p>${capital(numberWord(rules.rules.length))} rules, one file: <code>data/alerts.yaml</code>. One process of the fleet evaluates them; messages are told by an outbox, so that a restart neither loses nor doubles one.</p>`,
    at: alerts.at,
    body: html`${axis.defs()}${axis.row('/ops/alerts', asTable)}${section('open', 'Open now', alertWords(alerts), openAlerts(alerts, past.alertEvents, axis))}${rulesSection(alerts, past.alertEvents, axis)}${silenceSection(alerts)}${channelsSection(channels, rules, alerts.at)}${historySection(history, alerts)}`,
  };
}

const GROUPS = ['freshness', 'upstream', 'syncs', 'answers', 'database', 'fleet'] as const;

function rulesSection(alerts: AlertList, events: readonly AlertEvent[], axis: Axis): Html {
  const rows = GROUPS.map((group) => {
    const of = alerts.rules.filter((rule) => rule.group === group);
    return html`<tr class="grp"><th scope="rowgroup" colspan="8">${capital(group)}</th></tr>${of.map((rule) => ruleRow(rule, alerts, events, axis))}`;
  });
  return section(
    'rules',
    'Rules',
    html`<p>A rule fires past <b>fires at</b> for as long as <b>for</b> says, and clears only past <b>clears at</b>.</p><p>Each leads to <a href="/ops/runbook">what to do about it</a>.</p>`,
    html`<table class="rows tight cl fit"><caption class="sr">Rules of the alerts</caption><thead><tr><th scope="col">rule</th><th scope="col" class="l">state</th><th scope="col" class="w">now</th><th scope="col" class="w w2">fires at</th><th scope="col" class="w w2">clears at</th><th scope="col" class="w">for</th><th scope="col" class="l w w2">tells</th><th scope="col" class="t l w">fired</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function ruleRow(
  { id, title, fires, clears, unit, for: forMs, severity }: Rule,
  { alerts, at }: AlertList,
  events: readonly AlertEvent[],
  axis: Axis,
): Html {
  const of = alerts.filter(({ rule }) => rule === id);
  const worst = of.find(({ display }) => display !== 'resolved');
  const { mark: shown, word, tone } = DISPLAYS[worst?.display ?? 'resolved'];
  const now = worst?.value == null ? '–' : Math.round(worst.value * 100) / 100;
  const past = of.flatMap(({ rule, subject, fired_at, state: is }) => [
    ...before(events, rule, subject),
    ...(is === 'firing' && fired_at ? [{ from: fired_at, to: at, tone }] : []),
  ]);
  return html`<tr id="${id}"><th scope="row"><a href="${runbookPath(id)}">${title}</a></th><td class="l">${state(shown, word)}</td><td class="w">${now}</td><td class="w w2">${fires} <small>${unit}</small></td><td class="w w2">${clears}</td><td class="w">${forMs === 0 ? 'at once' : limitText(forMs / 1_000)}</td><td class="l w w2">${severity}</td><td class="t">${strip(18, spans(axis, 18, past))}</td></tr>`;
}

function silenceSection({ silences, rules, at }: AlertList): Html {
  const titleOf = (rule: string | null) =>
    rule === null ? 'everything' : (rules.find(({ id }) => id === rule)?.title ?? rule);
  const row = ({ id, rule, subject, by, begins_at, until, reason, ended_at }: Silence) =>
    html`<tr><th scope="row">${titleOf(rule)}${subject && `, ${subject}`}</th><td class="l w">${by}</td><td class="w">${when(begins_at, at)}</td><td>${when(until, at)}</td><td class="l x w">${reason}</td><td>${ended_at === null && until > at ? act(`/ops/do/unsilence?id=${id}`, 'End…', titleOf(rule)) : html`<span class="q">ended</span>`}</td></tr>`;
  const table =
    silences.length > 0 &&
    html`<table class="tight gap"><caption class="sr">Silences</caption><thead><tr><th scope="col">silence</th><th scope="col" class="l w">by</th><th scope="col" class="w">from</th><th scope="col">until</th><th scope="col" class="l w">why</th><th scope="col"><span class="sr">end it</span></th></tr></thead><tbody>${silences.map(row)}</tbody></table>`;
  return section(
    'silence',
    'Silence',
    html`<p>Tells nobody until it ends, then tells again if it still fires.</p>`,
    html`<form class="form" method="get" action="/ops/do/silence"><div><label for="s-rule">Rule</label><select id="s-rule" name="rule">${rules.map(({ id, title }) => html`<option value="${id}">${title}</option>`)}</select></div><div><label for="s-subject">Of (empty: everything)</label><input id="s-subject" name="subject" maxlength="120"></div><div><label for="s-for">For</label><input id="s-for" name="for" value="4h" pattern="[0-9]{1,6}[smhd]"></div><div><label for="s-reason">Why, and who knows</label><input id="s-reason" name="reason" maxlength="500"></div><button class="b">Silence…</button></form>${table}`,
  );
}

function channelsSection(
  channels: readonly ChannelDeliveries[],
  { channels: levels }: Rules,
  at: Date,
): Html {
  const rows = Object.entries(levels).map(([name, from]) => {
    const told = channels.find(({ channel }) => channel === name);
    const result = !told
      ? html`<span class="soft">nothing to tell in 24 h</span>`
      : told.last_state === 'delivered'
        ? state('good', told.last_attempts! > 1 ? `delivered, try ${told.last_attempts}` : 'delivered')
        : state(
            told.last_state === 'given_up' ? 'bad' : 'watch',
            told.last_state === 'given_up' ? 'given up' : 'waiting',
          );
    return html`<tr><th scope="row">${capital(name)}</th><td class="l w">${from === 'page' ? 'pages' : 'pages and tickets'}</td><td>${told?.last_at ? time(told.last_at, when(told.last_at, at)) : '–'}</td><td class="w">${told?.last_took_ms == null ? '–' : html`${count(told.last_took_ms)} <small>ms</small>`}</td><td class="l">${result}${told?.last_error && html` <small>${told.last_error}</small>`}</td><td class="w">${told ? `${told.delivered} of ${told.messages}` : '–'}</td></tr>`;
  });
  const failing = channels.filter(({ failing: bad, given_up }) => bad + given_up > 0).length;
  return section(
    'channels',
    'Channels',
    html`<p>${channels.length === 0 ? 'Nothing was told in 24 h.' : failing === 0 ? 'All delivered.' : html`<b class="bad">${capital(numberWord(failing))} failing.</b>`}</p><p>Try one: <code>npx wattsync alerts test</code></p>`,
    html`<table class="tight"><caption class="sr">Channels</caption><thead><tr><th scope="col">channel</th><th scope="col" class="l w">tells</th><th scope="col">last</th><th scope="col" class="w">took</th><th scope="col" class="l">result</th><th scope="col" class="w">24 h</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

const EVENTS: Record<AlertEventKind, { mark: Mark; word: string }> = {
  fired: { mark: 'bad', word: 'fired' },
  worsened: { mark: 'bad', word: 'worsened' },
  reminded: { mark: 'follows', word: 'reminded' },
  resolved: { mark: 'good', word: 'resolved' },
  acknowledged: { mark: 'acknowledged', word: 'acknowledged' },
  ack_ended: { mark: 'follows', word: 'acknowledgement ended' },
  silenced: { mark: 'silenced', word: 'silenced' },
  silence_ended: { mark: 'follows', word: 'silence ended' },
};

function historySection(history: readonly AlertEvent[], { rules, at }: AlertList): Html {
  const rows = history.map(({ at: then, event, rule, reading, by, note, until, severity }) => {
    const title = rules.find(({ id }) => id === rule)?.title ?? rule;
    const what = by
      ? `by ${by}${until ? ` until ${when(until, at)}` : ''}${note ? `: ${note}` : ''}`
      : reading;
    return html`<tr><th scope="row">${time(then, when(then, at))}</th><td class="l">${mark(EVENTS[event].mark)}${EVENTS[event].word}</td><td class="l x"><a href="${runbookPath(rule)}">${title}</a></td><td class="l x w">${what}</td><td class="l w">${by ? '–' : severity}</td></tr>`;
  });
  return section(
    'history',
    'History',
    html`<p>Seven days. Kept for two years: <code>npx wattsync alerts history</code></p>`,
    history.length === 0
      ? html`<p class="q">Nothing fired.</p>`
      : html`<table class="tight"><caption class="sr">History of the alerts</caption><thead><tr><th scope="col">when</th><th scope="col" class="l">what</th><th scope="col" class="l">alert</th><th scope="col" class="l w">of</th><th scope="col" class="l w">told</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}
