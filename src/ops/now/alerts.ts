import { type Html, html } from '../../html/html.ts';
import type { AlertDisplay, AlertList, AlertView } from '../../monitor/alerts/list-alerts.ts';
import type { AlertEvent } from '../../store/observation/alert-rows.ts';
import type { Axis } from '../look/axis.ts';
import { spans, strip } from '../look/chart.ts';
import { type Mark, state } from '../look/marks.ts';
import { act, runbookPath, section } from '../look/parts.ts';
import { capital, inCentralTime, numberWord, time, when } from '../look/words.ts';
import type { Drawn } from './sections.ts';

export const DISPLAYS: Record<AlertDisplay, { mark: Mark; word: string; tone: string }> = {
  firing: { mark: 'bad', word: 'firing', tone: 'b-bad' },
  acknowledged: { mark: 'acknowledged', word: 'acknowledged', tone: 'b-soft' },
  silenced: { mark: 'silenced', word: 'silenced', tone: 'b-faint' },
  follows: { mark: 'follows', word: 'follows', tone: 'b-faint' },
  pending: { mark: 'follows', word: 'pending', tone: 'b-faint' },
  resolved: { mark: 'good', word: 'quiet', tone: 'b-faint' },
};

const isOpen = ({ display }: AlertView): boolean => display !== 'resolved' && display !== 'pending';

export function alertsSection({ fast, past, axis }: Drawn): Html {
  const { alerts } = fast;
  return section('alerts', 'Alerts', alertWords(alerts), openAlerts(alerts, past.alertEvents, axis));
}

/** The margin: how many fire, and what was said about the others. */
export function alertWords({ alerts, rules }: AlertList): Html {
  const of = (display: AlertDisplay) => alerts.filter((one) => one.display === display).length;
  const said = (
    [
      ['acknowledged', 'acknowledged'],
      ['silenced', 'silenced'],
    ] as const
  ).flatMap(([display, word]) => (of(display) > 0 ? [`${numberWord(of(display))} ${word}`] : []));
  const firing = of('firing');
  const answer =
    firing === 0
      ? html`<b>None fires.</b>`
      : html`<b class="bad">${capital(numberWord(firing))} ${firing === 1 ? 'fires' : 'fire'}.</b>`;
  const held = of('follows');
  return html`<p>${answer}${said.length > 0 && ` ${capital(said.join(', '))}.`}${held > 0 && ` ${capital(numberWord(held))} more would fire, but ${held === 1 ? 'follows' : 'follow'} from another.`}</p><p>${numberWord(rules.length)} rules.</p>`;
}

/** Those that fire or would, each with what can be said about it. */
export function openAlerts(
  { alerts, at, rules }: AlertList,
  events: readonly AlertEvent[],
  axis: Axis,
): Html {
  const open = alerts.filter(isOpen);
  if (open.length === 0) {
    const last = events.find(({ event }) => event === 'fired');
    const title = last && (rules.find(({ id }) => id === last.rule)?.title ?? last.rule);
    return html`<p class="q">Nothing is open. ${last && html`Last fired: ${title}${last.subject && `, ${last.subject}`}, ${time(last.at, when(last.at, at))}. `}<a href="/ops/alerts">Rules, silences, channels, history</a></p>`;
  }
  const rows = open.map((alert) => {
    const {
      display,
      title,
      rule,
      subject,
      reading,
      since,
      fired_at,
      follows,
      acked_by,
      acked_until,
      silence,
    } = alert;
    const { mark, word, tone } = DISPLAYS[display];
    const said =
      display === 'acknowledged'
        ? ` · ${acked_by}, until ${when(acked_until!, at)}`
        : display === 'silenced'
          ? ` · ${silence!.by}, until ${when(silence!.until, at)}: ${silence!.reason}`
          : display === 'follows'
            ? alerts.some((one) => one.rule === follows && isOpen(one))
              ? ` · follows from “${rules.find(({ id }) => id === follows)?.title ?? follows}”`
              : ' · has two minutes to be repaired by itself, as nobody watched before'
            : '';
    const from = fired_at ?? since;
    return html`<tr><th scope="row"><a href="${runbookPath(rule)}">${title}</a><span class="sub">${inCentralTime(reading, at)}${said}</span></th><td class="l">${state(mark, word)}</td><td class="w">${time(from, when(from, at))}</td><td>${button(alert)}</td><td class="t">${strip(20, spans(axis, 20, [...before(events, rule, subject), { from, to: at, tone }]))}</td></tr>`;
  });
  return html`<table class="rows al-rows"><caption class="sr">Open alerts</caption><thead><tr><th scope="col">alert</th><th scope="col" class="l">state</th><th scope="col" class="w">since</th><th scope="col"><span class="sr">what to say about it</span></th><th scope="col" class="t l w">firing</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function button({ display, rule, subject, title, silence }: AlertView): Html {
  const of = `rule=${encodeURIComponent(rule)}&subject=${encodeURIComponent(subject)}`;
  if (display === 'firing') return act(`/ops/do/ack?${of}`, 'Acknowledge…', title);
  if (display === 'acknowledged') return act(`/ops/do/unack?${of}`, 'Take back…', title);
  if (display === 'silenced') return act(`/ops/do/unsilence?id=${silence!.id}`, 'End silence…', title);
  return html``;
}

/** When it fired before, within what the charts show. */
export function before(events: readonly AlertEvent[], rule: string, subject: string) {
  const found: { from: Date; to: Date; tone: string }[] = [];
  let from: Date | null = null;
  for (const one of events.toReversed()) {
    if (one.rule !== rule || one.subject !== subject) continue;
    if (one.event === 'fired') from = one.at;
    else if (one.event === 'resolved' && from) {
      found.push({ from, to: one.at, tone: 'b-soft' });
      from = null;
    }
  }
  return found;
}
