import { type Html, html } from '../../html/html.ts';
import type { ViewTdsp } from '../../monitor/monitor-view.ts';
import { percentText } from '../../monitor/text.ts';
import type { PlanCounts } from '../../store/queue/sync-runs.ts';
import { HOUR_MS } from '../../units.ts';
import type { Axis } from '../look/axis.ts';
import { strip } from '../look/chart.ts';
import { column } from '../look/columns.ts';
import { figure } from '../look/figure.ts';
import { type Mark, state } from '../look/marks.ts';
import { section } from '../look/parts.ts';
import { capital, clock, count, numberWord, spanFigure, spanWords, time, when } from '../look/words.ts';
import type { Drawn } from './sections.ts';

const STATES: Record<ViewTdsp['verdict'], Mark> = {
  fresh: 'good',
  late: 'watch',
  warning: 'watch',
  error: 'bad',
};

const hours = (value: number): string => spanWords(value * 3_600);

function stateOf({
  verdict,
  age_seconds,
  target_hours,
  error_after_hours,
}: Pick<ViewTdsp, 'verdict' | 'age_seconds' | 'target_hours' | 'error_after_hours'>): Html {
  if (age_seconds === null) return state('bad', 'never published');
  const past = {
    fresh: 'within',
    late: `past ${hours(target_hours)}`,
    warning: `past ${hours(target_hours)}`,
    error: `past ${hours(error_after_hours)}`,
  };
  return state(STATES[verdict], past[verdict]);
}

export function freshnessSection({ fast, slow, past, axis }: Drawn): Html {
  const { tdsps } = fast.view;
  const { freshness } = slow;
  const within = tdsps.filter(({ verdict }) => verdict === 'fresh').length;
  const ages = tdsps.map(({ age_seconds }) => age_seconds);
  const oldest = ages.includes(null) ? null : Math.max(...ages.map(Number));
  const answer =
    within === tdsps.length
      ? html`<b>${capital(numberWord(within))} of ${numberWord(within)} within target.</b>`
      : html`<b class="${tdsps.some(({ verdict }) => verdict === 'error') ? 'bad' : 'watch'}">${capital(numberWord(within))} of ${numberWord(tdsps.length)} within target.</b>`;
  const words = html`<p>${answer}${oldest !== null && html` The oldest is ${spanWords(oldest)} old.`}</p><p>A city is as fresh as its TDSP: ${count(freshness.overall.cities)} cities, ${numberWord(tdsps.length)} plan sets.</p>`;
  // One scale for all: what is past its error age ends at the right edge.
  const most = Math.max(...tdsps.map(({ error_after_hours }) => error_after_hours)) * 1.4;
  const highest = highestAge(tdsps, past.confirmations, axis);
  const scale = [
    ...new Set(tdsps.flatMap(({ target_hours, error_after_hours }) => [target_hours, error_after_hours])),
  ].slice(0, 2);
  const head = html`<thead><tr><th scope="col">TDSP</th><th scope="col" class="l w">now</th><th scope="col">age</th><th scope="col" class="l w"><svg class="bu-scale" aria-hidden="true">${scale.map((value) => html`<text x="${(value / most) * 100}%" y="13" text-anchor="middle">${hours(value)}</text>`)}</svg><span class="sr">age against target and error age</span></th><th scope="col" class="w w2">${column('fresh-kept', 'kept, 24 h')}</th><th scope="col" class="w w2">${column('fresh-plans', 'plans')}</th><th scope="col" class="l w">last result</th><th scope="col" class="t l w">age, target dashed${axis.labels()}</th></tr></thead>`;
  const rows = tdsps.map((tdsp) => {
    const kept = freshness.tdsps.find(({ duns }) => duns === tdsp.duns)?.within_window ?? null;
    return html`<tr><th scope="row">${tdsp.name}</th><td class="l">${stateOf(tdsp)}</td><td>${ageFigure(tdsp)}</td><td class="l w">${bullet(tdsp, most)}</td><td class="w w2">${percentText(kept)}</td><td class="w w2">${count(tdsp.plans)}</td><td class="l x p2">${lastResult(tdsp, fast.view.at)}</td><td class="t">${strip(24, ramps(past.confirmations.get(tdsp.duns) ?? [], tdsp, axis, highest))}</td></tr>`;
  });
  const tiers = freshness.tiers.map(
    ({
      tier,
      verdict,
      oldest_age_seconds,
      cities,
      target_hours,
      within_now,
      within_now_weighted,
      within_window,
    }) =>
      html`<tr><th scope="row">Tier ${tier}</th><td class="l w">${state(STATES[verdict], verdict === 'fresh' ? 'within' : 'past target')}</td><td>${spanFigure(oldest_age_seconds)}</td><td class="w">${count(cities)}</td><td>${spanFigure(target_hours * 3_600)}</td><td class="w">${percentText(within_now)}</td><td class="w">${percentText(within_now_weighted)}</td><td class="w">${percentText(within_window)}</td></tr>`,
  );
  return section(
    'fresh',
    'Freshness',
    words,
    html`<table class="rows cl"><caption class="sr">Age of the plan set of each TDSP</caption>${head}<tbody>${rows}</tbody></table><div class="two gap"><table class="tight"><caption class="sr">Age by tier of city</caption><thead><tr><th scope="col">tier of city</th><th scope="col" class="l w">now</th><th scope="col">${column('tier-oldest', 'oldest')}</th><th scope="col" class="w">cities</th><th scope="col">target</th><th scope="col" class="w">${column('tier-within', 'within, cities')}</th><th scope="col" class="w">${column('tier-demand', 'by demand')}</th><th scope="col" class="w">${column('tier-kept', 'kept, 24 h')}</th></tr></thead><tbody>${tiers}</tbody></table><div></div></div>`,
  );
}

const ageFigure = ({
  code,
  name,
  age_seconds,
  observed_at,
  tier,
  target_hours,
  error_after_hours,
}: ViewTdsp): Html =>
  figure(spanFigure(age_seconds), {
    id: `age-${code.toLowerCase()}`,
    title: `Age of the plans of ${name}`,
    what: `Time since the upstream last confirmed this plan set${observed_at ? `, at ${clock(observed_at)}` : ''}. Its most important cities are of tier ${tier ?? 3}: target ${hours(target_hours)}, error past ${hours(error_after_hours)}.`,
    from: 'plan_snapshots.observed_at',
    since: 'read within two seconds',
    command: 'npm run -s freshness -- --json',
  });

function bullet(
  { age_seconds, target_hours, error_after_hours, verdict }: ViewTdsp,
  mostHours: number,
): Html {
  const x = (value: number) => Math.round(Math.min(1, value / mostHours) * 1_000);
  const tone = { fresh: 'fi', late: 'fw', warning: 'fw', error: 'fb' }[verdict];
  return html`<svg class="bu" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true"><path class="gr" d="M0 6H1000"/><path class="${tone}" d="M0 3.5h${x((age_seconds ?? 0) / 3_600)}v5H0z"/><path class="ln" d="M${x(target_hours)} 0v12"/><path class="l2" d="M${x(error_after_hours)} 0v12"/></svg>`;
}

/** A first snapshot changes nothing. */
const movedWords = ({ added, changed, deactivated, seen }: PlanCounts): string =>
  added === seen && deactivated === 0 ? `${added} new` : `${added + changed + deactivated} changed`;

function lastResult({ last_result }: ViewTdsp, now: Date): Html | string {
  if (!last_result) return '–';
  const { run_id, status, plans, at } = last_result;
  const said = status === 'held' ? 'held back' : status === 'published' && plans ? movedWords(plans) : status;
  return html`<a href="/ops/runs/${run_id}">${time(at, when(at, now))} ${said}</a>`;
}

const HEIGHT = 24;
/** More ramps than these are drawn as the highest age of each stretch. */
const MOST_RAMPS = 80;

/** The age at the top of all strips: just above the target in good times, else above the oldest there was. */
function highestAge(
  tdsps: readonly ViewTdsp[],
  confirmations: ReadonlyMap<string, readonly Date[]>,
  axis: Axis,
): number {
  const ages = tdsps.flatMap(({ duns, target_hours, error_after_hours }) => {
    const times = (confirmations.get(duns) ?? []).map((at) => at.getTime());
    const longest = Math.max(...times.map((at, n) => (times[n + 1] ?? axis.to.getTime()) - at), 0);
    return [target_hours * HOUR_MS * 1.2, Math.min(longest * 1.05, error_after_hours * HOUR_MS * 1.5)];
  });
  return Math.max(...ages);
}

/** Age as it grew from each confirmation to the next. @param most the age at the top */
function ramps(confirmed: readonly Date[], { target_hours }: ViewTdsp, axis: Axis, most: number): Html {
  const targetMs = target_hours * HOUR_MS;
  const times = confirmed.map((at) => at.getTime());
  const y = (ageMs: number) => Math.round((HEIGHT - 1 - (HEIGHT - 4) * Math.min(1, ageMs / most)) * 10) / 10;
  const parts = thinned(times, axis);
  const base = HEIGHT - 1;
  let [area, ink, watch] = ['', '', ''];
  parts.forEach(({ from, to, confirmedAt }) => {
    const [a, b] = [from - confirmedAt, to - confirmedAt];
    area += `M${axis.x(from)} ${base}V${y(a)}L${axis.x(to)} ${y(b)}V${base}z`;
    ink += `M${axis.x(from)} ${y(a)}L${axis.x(to)} ${y(b)}`;
    if (b > targetMs) {
      const crossed = Math.max(from, confirmedAt + targetMs);
      watch += `M${axis.x(crossed)} ${y(crossed - confirmedAt)}L${axis.x(to)} ${y(b)}`;
    }
  });
  return html`<path class="fa" d="${area}"/><path class="tg" d="M0 ${y(targetMs)}H1000"/><path class="l2" d="${ink}"/><path class="lw" d="${watch}"/>`;
}

function thinned(times: readonly number[], axis: Axis) {
  const end = axis.to.getTime();
  const begin = axis.from.getTime();
  const all = times
    .map((confirmedAt, n) => ({
      confirmedAt,
      from: Math.max(confirmedAt, begin),
      to: Math.min(times[n + 1] ?? end, end),
    }))
    .filter(({ from, to }) => to > from);
  if (all.length <= MOST_RAMPS) return all;
  const stretchMs = (end - begin) / MOST_RAMPS;
  return [...Map.groupBy(all, ({ to }) => Math.floor((to - 1 - begin) / stretchMs)).values()].map((some) => {
    const worst = some.reduce((one, other) =>
      other.to - other.confirmedAt > one.to - one.confirmedAt ? other : one,
    );
    return { confirmedAt: worst.confirmedAt, from: Math.max(some[0]!.from, worst.confirmedAt), to: worst.to };
  });
}
