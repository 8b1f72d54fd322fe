import { type Html, html } from '../../html/html.ts';
import { hasFallenBack } from '../../monitor/refresh/check.ts';
import { OUTCOME_WORDS } from '../../monitor/refresh/experiment-text.ts';
import { GAIN_DAYS, gainText } from '../../monitor/refresh/gain.ts';
import { dateOf, type Experiment } from '../../planning/experiment/experiments.ts';
import type { RefreshDay } from '../../store/queue/refresh-state.ts';
import { figure } from '../look/figure.ts';
import { command, section } from '../look/parts.ts';
import { count, numberWord } from '../look/words.ts';
import type { Drawn } from './sections.ts';

/** As many of the last days have a row. */
const SHOWN_DAYS = 7;

const minutes = (value: number | null | undefined): Html | string =>
  value == null ? '–' : html`${value.toFixed(1)} <small>min</small>`;

/** Looks between the schedules: what decides, what that has gained, and the experiment. */
export function looksSection({ fast, slow }: Drawn): Html {
  const { refresh } = fast.view;
  const { gain, experiment } = slow;
  const running = experiment?.ended_at === null ? experiment : null;
  const decides = running
    ? html`<b>Experiment ${running.id}</b>: today ${refresh.in_use} looks.`
    : hasFallenBack(refresh)
      ? html`<b class="watch">Fell back to ${refresh.in_use} looks.</b> ${capitalised(refresh.reason)}.`
      : refresh.strategy === 'schedule'
        ? html`<b>Only the schedules look.</b>`
        : html`<b>${capitalised(refresh.in_use)} looks</b>${refresh.strategy === 'auto' && html`, chosen by auto: ${refresh.reason}`}.`;
  const told = gainText(gain);
  const words = html`<p>${decides}</p><p>${told === '' ? 'Nothing is known yet of when prices changed.' : told}</p>`;
  const seen = figure(minutes(gain.minutes) as Html | string, {
    id: 'gain-minutes',
    title: 'Changes seen after',
    what: 'Mean minutes from a change of a plan set, as the ids of the upstream tell it, until an answer showed it. Beside it: what calls at the turns of SYNC_INTERVAL_MS alone would have taken for the same changes.',
    from: 'refresh_changes, api_calls',
    since: `the last ${GAIN_DAYS} days`,
    command: 'npx wattsync explain refresh ONCOR',
  });
  const rows = gain.days.slice(-SHOWN_DAYS).toReversed().map(dayRow);
  const all = html`<tr><th scope="row">${GAIN_DAYS} days</th><td>${count(gain.changes)}</td><td>${seen}</td><td>${minutes(gain.schedule_minutes)}</td><td class="w">–</td><td class="w">–</td></tr>`;
  const table = html`<table class="tight"><caption class="sr">Changes and calls by day</caption><thead><tr><th scope="col">day</th><th scope="col">changes</th><th scope="col">seen after</th><th scope="col">by schedule alone</th><th scope="col" class="w">looks</th><th scope="col" class="w">all calls</th></tr></thead><tbody>${gain.changes > 0 && all}${rows}</tbody></table>`;
  return section(
    'looks',
    'Looks between schedules',
    words,
    html`<div class="two"><div>${gain.days.length > 0 ? table : html`<p class="soft">No call was recorded yet.</p>`}</div><div>${experiment ? experimentBlock(experiment) : html`<p class="soft">No experiment was made yet.</p>${command('npx wattsync experiment start even learned')}`}</div></div>`,
  );
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `Fri 27`. */
const DAY_NAME = new Intl.DateTimeFormat('en-US', { weekday: 'short', day: 'numeric', timeZone: 'UTC' });
function dayName(day: string): string {
  const parts = new Map(DAY_NAME.formatToParts(new Date(day)).map(({ type, value }) => [type, value]));
  return `${parts.get('weekday')} ${parts.get('day')}`;
}

const dayRow = ({ day, changes, minutes: seen, schedule_minutes, looks, calls }: RefreshDay): Html =>
  html`<tr><th scope="row">${dayName(day)}</th><td>${count(changes)}</td><td>${minutes(seen)}</td><td>${minutes(schedule_minutes)}</td><td class="w">${count(looks)}</td><td class="w">${count(calls)}</td></tr>`;

function experimentBlock({ id, plan, standing, outcome, reason, ended_at }: Experiment): Html {
  const ended = outcome === null ? `since ${dateOf(plan.first_day)}` : OUTCOME_WORDS[outcome];
  const tone = outcome === 'harm' || outcome === 'worse' ? 'bad' : '';
  const row = (arm: 'a' | 'b') => {
    const figures = standing?.[arm];
    return html`<tr><th scope="row">${arm.toUpperCase()} ${plan[arm]}</th><td>${minutes(figures?.minutes)}</td><td class="w">${figures?.calls == null ? '–' : count(Math.round(figures.calls))}</td><td>${figures?.days ?? 0}</td></tr>`;
  };
  const said = reason ?? standing?.reason ?? `No day is over yet; it takes ${plan.days_needed} days.`;
  return html`<p><b>Experiment ${id}</b>: ${plan.b} against ${plan.a}, <span class="${tone}">${ended}</span>.</p><table class="tight"><caption class="sr">Experiment ${id}</caption><thead><tr><th scope="col">strategy</th><th scope="col">seen after</th><th scope="col" class="w">calls a day</th><th scope="col">days</th></tr></thead><tbody>${row('a')}${row('b')}</tbody></table><p class="q">${capitalised(said)}. Written down before: ${plan.least_effect_minutes.toFixed(1)} min of ${plan.baseline_minutes.toFixed(1)} are worth having, found in ${Math.round(plan.power * 100)} of 100 cases within ${numberWord(plan.pairs_needed)} pairs of days${ended_at === null ? ` (${plan.days_needed} days)` : ''}.</p>${command('npx wattsync experiment')}`;
}
