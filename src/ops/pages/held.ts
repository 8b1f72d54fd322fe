/** A snapshot that the guard holds back: why, what it would change, and the operator's word on it. */

import { type Html, html } from '../../html/html.ts';
import { percentText, plural, sizeText } from '../../monitor/text.ts';
import { compareReadings, type SetDifference } from '../../plan/difference.ts';
import type { Plan } from '../../plan/plan.ts';
import { readPublishes } from '../../store/operations/past.ts';
import { readBodySizes } from '../../store/operations/records.ts';
import { type HeldSnapshot, readHeld } from '../../store/plans/held-snapshots.ts';
import { rebuildPlanSet } from '../../store/plans/plan-revisions.ts';
import { readSnapshotReadings, type SnapshotReading } from '../../store/plans/snapshots.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import type { Tdsp } from '../../territory/territory.ts';
import { DAY_MS } from '../../units.ts';
import { Axis } from '../look/axis.ts';
import { chart } from '../look/chart.ts';
import type { Frame } from '../look/document.ts';
import { state } from '../look/marks.ts';
import { command, section } from '../look/parts.ts';
import { capital, count, list, numberWord, sourceName, when } from '../look/words.ts';
import type { PageParts } from './run.ts';

interface HeldFound {
  tdsp: Tdsp;
  snapshot: HeldSnapshot;
  current: SnapshotReading | null;
  published: readonly Plan[];
  difference: SetDifference;
  cities: number;
}

/** @returns why there is nothing to show */
export async function findHeld({ board, territory }: PageParts, text: string): Promise<HeldFound | string> {
  const tdsp = territory.tdsp(text);
  if (!tdsp) return `"${text}" is not one of ${territory.tdspList}.`;
  const [snapshot] = await readHeld(board.queryable, tdsp.duns);
  if (!snapshot) return `Nothing of ${tdsp.short_name} is held back now.`;
  const [current] = await readSnapshotReadings(board.queryable, [tdsp.duns]);
  const set = current && (await rebuildPlanSet(board.queryable, tdsp.duns, current.version));
  const published = !set || set === 'not_kept' ? [] : set.plans;
  const difference = compareReadings(published, current?.unread ?? [], snapshot);
  const cities = territory.cities.filter(({ tdsps }) => tdsps.includes(tdsp.duns)).length;
  return { tdsp, snapshot, current: current ?? null, published, difference, cities };
}

export async function heldPage(
  { board }: PageParts,
  held: HeldFound,
  formToken: string,
  error: string | null = null,
): Promise<Frame> {
  const { tdsp, snapshot, current, published, cities } = held;
  const now = await readDatabaseTime(board.queryable);
  const { observed_at, run_id, plans, verdict, source, origin } = snapshot;
  const name = tdsp.short_name;
  const broken = verdict.readings.filter(({ is_broken }) => is_broken);
  const hashes = [snapshot.payload_hash, current?.payload_hash].filter((one) => one != null);
  const sizes = await readBodySizes(board.queryable, hashes);
  const publishes = await readPublishes(board.queryable, new Date(now.getTime() - 30 * DAY_MS), tdsp.duns);
  const signs = signsOf(held, sizes);
  return {
    page: 'Runs',
    title: `${name} is held back`,
    mark: 'watch',
    crumb: html`<a href="/ops">Now</a> · <a href="/ops/runs/${run_id}">Run ${run_id}</a> · held snapshot`,
    headline: `${name}’s snapshot of ${when(observed_at, now)} is held back: ${plural(plans.length, 'plan')} instead of ${published.length}.`,
    lead: html`<p>${broken.map(({ reading, limit }) => `${capital(reading)}; fine would be ${limit}.`).join(' ')} Shoppers in ${plural(cities, 'city', 'cities')} keep the plans${current && ` of ${when(current.observed_at, now)}`} meanwhile, and the next good snapshot replaces this one by itself.</p>`,
    body: html`${error && html`<p class="note bad" role="alert">${error}</p>`}${whySection(held, signs)}${cellsSection(held, publishes, now)}${decideSection(held, formToken)}${vanishSection(held)}${changeSection(held)}${newSection(held)}${section('where', 'Where from', html`<p>So that somebody can ask there.</p>`, html`<table class="tight"><tbody><tr><th scope="row">${sourceName(source)}</th><td class="l x"><code>${origin}</code></td></tr></tbody></table>`)}`,
  };
}

interface Sign {
  what: string;
  means: string;
  speaksFor: 'fault' | 'change';
}

/** A cut answer often ends at a round number of bytes. */
const CUT_AT = 4_096;

/** What tells a fault of the upstream from a real change, beside the rules of the guard. */
function signsOf(
  { snapshot, current, published, difference }: HeldFound,
  sizes: ReadonlyMap<string, number>,
): Sign[] {
  const signs: Sign[] = [];
  const bytes = sizes.get(snapshot.payload_hash ?? '');
  const before = sizes.get(current?.payload_hash ?? '');
  if (bytes !== undefined && before !== undefined) {
    const isCut = bytes % CUT_AT === 0 && bytes < before;
    const share = bytes / before;
    if (isCut || share < 0.8) {
      signs.push({
        what: `${sizeText(bytes)} came`,
        means: `${isCut ? 'A round number of bytes, as where an answer is cut off; the' : 'The'} last good answer had ${sizeText(before)}.`,
        speaksFor: 'fault',
      });
    }
  }
  const byProvider = Map.groupBy(published, ({ provider }) => provider.name);
  const gone = new Set(difference.gone.map(({ external_id }) => external_id));
  const whole = [...byProvider].filter(([, plans]) =>
    plans.every(({ external_id }) => gone.has(external_id)),
  );
  if (whole.length > 1) {
    signs.push({
      what: `${capital(numberWord(whole.length))} of ${byProvider.size} providers vanish whole`,
      means: 'Providers withdraw offers one by one; several at once rarely leave a market.',
      speaksFor: 'fault',
    });
  }
  const moved = difference.changed.filter(({ changes }) =>
    changes.some(({ field }) => field.startsWith('rate_')),
  ).length;
  const kept = published.length - difference.gone.length;
  if (kept > 0 && moved / kept < 0.35) {
    signs.push({
      what:
        moved === 0
          ? 'No plan that stays changes its rate'
          : `${capital(numberWord(moved))} of ${kept} plans that stay change their rate`,
      means: 'As on any day: what is there was read well.',
      speaksFor: 'change',
    });
  } else if (kept > 0) {
    signs.push({
      what: `${percentText(moved / kept, 0)} of the plans that stay change their rate`,
      means: 'On a business day it is one in five or fewer.',
      speaksFor: 'fault',
    });
  }
  return signs;
}

function whySection({ snapshot }: HeldFound, signs: readonly Sign[]): Html {
  const { readings } = snapshot.verdict;
  const broken = readings.filter(({ is_broken }) => is_broken).length;
  const faults = signs.filter(({ speaksFor }) => speaksFor === 'fault').length;
  const row = ({ rule, reading, limit, is_broken }: (typeof readings)[number]) =>
    html`<tr><th scope="row">${capital(rule.replaceAll('_', ' '))}</th><td class="l x">${reading}</td><td class="l x w">${limit}</td><td class="l">${is_broken ? state('bad', 'broken') : state('good', 'kept')}</td></tr>`;
  const table = (some: readonly (typeof readings)[number][], name: string) =>
    html`<table class="tight"><caption class="sr">${name}</caption><thead><tr><th scope="col">rule</th><th scope="col" class="l">reading</th><th scope="col" class="l w">fine would be</th><th scope="col" class="l">verdict</th></tr></thead><tbody>${some.map(row)}</tbody></table>`;
  const kept = readings.filter(({ is_broken }) => !is_broken);
  const told = signs.map(
    ({ what, means, speaksFor }) =>
      html`<tr><th scope="row">${what}</th><td class="l x">${means}</td><td class="l">${speaksFor === 'fault' ? state('bad', 'fault') : state('good', 'real change')}</td></tr>`,
  );
  return section(
    'why',
    'Why it is held',
    html`<p><b>${capital(numberWord(broken))} of ${readings.length} rules ${broken === 1 ? 'is' : 'are'} broken.</b> ${faults > 0 && `${capital(numberWord(faults))} more ${faults === 1 ? 'sign speaks' : 'signs speak'} for a fault.`}</p>`,
    html`${table(
      readings.filter(({ is_broken }) => is_broken),
      'Broken rules',
    )}<details><summary>${plural(kept.length, 'rule')} kept</summary>${table(kept, 'Rules that are kept')}</details>${told.length > 0 && html`<table class="tight gap"><caption class="sr">Other signs</caption><thead><tr><th scope="col">sign</th><th scope="col" class="l">what it means</th><th scope="col" class="l">speaks for</th></tr></thead><tbody>${told}</tbody></table>`}`,
  );
}

const COLUMNS = 54;

function cellsSection(
  held: HeldFound,
  publishes: Awaited<ReturnType<typeof readPublishes>>,
  now: Date,
): Html {
  const { published, difference, snapshot, tdsp } = held;
  const gone = new Set(difference.gone.map(({ external_id }) => external_id));
  const changed = new Set(difference.changed.map(({ external_id }) => external_id));
  // In the upstream's order as far as it still says one; what it does not send any more comes last.
  const place = new Map(snapshot.plans.map(({ external_id }, n) => [external_id, n]));
  const ordered = published.toSorted(
    (a, b) => (place.get(a.external_id) ?? 1e9) - (place.get(b.external_id) ?? 1e9),
  );
  const [wide, high] = [1_000 / COLUMNS, 17];
  const cells = ordered.map(({ external_id }, n) => {
    const kind = gone.has(external_id) ? 'ce left' : changed.has(external_id) ? 'ce change' : 'ce';
    return html`<rect class="${kind}" x="${Math.round((n % COLUMNS) * wide * 10) / 10 + 1}" y="${Math.floor(n / COLUMNS) * high + 2}" width="${Math.round(wide * 10) / 10 - 3}" height="13"/>`;
  });
  const stays = published.length - gone.size - changed.size;
  const rows: [swatch: string, name: string, value: number, tone?: string][] = [
    ['sw', 'unchanged', stays],
    ['sw a', 'would change', changed.size],
    ['sw o', 'would vanish', gone.size, gone.size > 0 ? 'bad' : ''],
    ['', 'would be new', difference.added.length],
  ];
  const numbers = html`<table class="tight"><caption class="sr">What would change</caption><tbody>${rows.map(
    ([swatch, name, value, tone = '']) =>
      html`<tr><th scope="row">${swatch && html`<span class="${swatch}"></span>`}${name}</th><td class="${tone}">${count(value)}</td></tr>`,
  )}<tr class="sum"><th scope="row">published now</th><td>${count(published.length)}</td></tr><tr><th scope="row">in the held snapshot</th><td>${count(snapshot.plans.length)}</td></tr></tbody></table>`;
  const axis = new Axis('30d', now);
  const top =
    Math.ceil((Math.max(snapshot.plans.length, ...publishes.map(({ plans }) => plans)) * 1.15) / 50) * 50;
  const times = [...publishes.map(({ published_at }) => published_at.getTime()), now.getTime()];
  const known = publishes.map(({ plans }) => plans);
  const drawn = chart(
    axis,
    {
      id: 'plans',
      label: `Plans of ${tdsp.short_name}, 30 days`,
      unit: '',
      height: 124,
      kind: 'lines',
      times,
      stepMs: 0,
      series: [{ label: 'published', tone: 'ink', values: [...known, known.at(-1) ?? null] }],
      scale: [0, top / 2, top],
      target: { value: snapshot.plans.length, label: `held: ${snapshot.plans.length}` },
      write: count,
    },
    false,
  );
  const lowest = Math.min(...known);
  return section(
    'cells',
    'One cell, one plan',
    html`<p>In the upstream’s order; what it no longer sends comes last.</p>${known.length > 0 && html`<p>In thirty days never below ${count(lowest)}.</p>`}`,
    html`${axis.defs()}<svg class="cells" viewBox="0 0 1000 ${Math.ceil(ordered.length / COLUMNS) * high + 2}" role="img" aria-label="${stays} plans unchanged, ${changed.size} would change, ${gone.size} would vanish">${cells}</svg><div class="two gap"><div>${numbers}</div><div>${drawn}</div></div>`,
  );
}

function decideSection(
  { tdsp, snapshot, difference, published, cities }: HeldFound,
  formToken: string,
): Html {
  const hidden = html`<input type="hidden" name="form_token" value="${formToken}"><input type="hidden" name="observed_at" value="${snapshot.observed_at.toISOString()}">`;
  const gone = difference.gone.length;
  const many = gone === 1 ? 'one plan vanishes' : `${count(gone)} plans vanish`;
  return section(
    'decide',
    'Decide',
    html`<p>Dropping is safe: shoppers see no difference.</p><p>Either stands in the audit log with your name.</p>`,
    html`<div class="two even"><div><h3>Drop it</h3><p class="q">Forgets this snapshot. The ${count(published.length)} published plans stay, and the next sync brings a new one.</p><form method="post" action="/ops/held/${tdsp.code}/drop">${hidden}<p class="gap"><button class="b go">Drop this snapshot</button></p></form><p class="q gap">Undo: what the upstream sent is kept; ${command('npm run replay')}</p></div><div><h3>Publish it all the same</h3><p class="q">${capital(many)} from ${plural(cities, 'city', 'cities')} at once, in all processes within a second.</p><details><summary>Publish…</summary><form class="sure" method="post" action="/ops/held/${tdsp.code}/publish">${hidden}<div class="field"><label for="vanish">To confirm, type how many plans vanish</label><input class="short" id="vanish" name="vanish" inputmode="numeric" required autocomplete="off" pattern="[0-9]+"></div><span class="bs"><button class="b">Publish ${count(snapshot.plans.length)}, remove ${count(gone)}</button><a class="b" href="/ops">Leave it held</a></span><p>The same as ${command(`npm run held -- publish ${tdsp.code}`)} Undone with ${command(`npm run sync:revert -- ${tdsp.code} --to …`)}</p></form></details></div></div>`,
  );
}

const PLANS_SHOWN = 60;
const PROVIDERS_SHOWN = 12;
const cents = (value: number | null | undefined): string => (value == null ? '–' : `${value.toFixed(1)} ¢`);

function vanishSection({ difference, published }: HeldFound): Html {
  if (difference.gone.length === 0) return html``;
  const ids = new Set(difference.gone.map(({ external_id }) => external_id));
  const gone = published.filter(({ external_id }) => ids.has(external_id));
  const total = Map.groupBy(published, ({ provider }) => provider.name);
  const lowest = (plans: readonly Plan[]) => {
    const rates = plans.flatMap(({ rates_cents_per_kwh }) => rates_cents_per_kwh['1000'] ?? []);
    return rates.length === 0 ? null : Math.min(...rates);
  };
  const top = new Set(
    published
      .filter(({ rates_cents_per_kwh }) => rates_cents_per_kwh['1000'] !== null)
      .toSorted((a, b) => a.rates_cents_per_kwh['1000']! - b.rates_cents_per_kwh['1000']!)
      .slice(0, 10)
      .map(({ external_id }) => external_id),
  );
  const rows = [...Map.groupBy(gone, ({ provider }) => provider.name)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([provider, plans]) => {
      const all = total.get(provider)!.length;
      const inTop = plans.filter(({ external_id }) => top.has(external_id)).length;
      return html`<tr><th scope="row">${provider}</th><td>${all}</td><td${plans.length === all && html` class="bad"`}>${all - plans.length}</td><td class="w">${cents(lowest(plans))}</td><td class="w">${inTop || ''}</td></tr>`;
    });
  const head = html`<thead><tr><th scope="col">provider</th><th scope="col">plans now</th><th scope="col">in the held</th><th scope="col" class="w">lowest of them, 1,000 kWh</th><th scope="col" class="w">in the ten lowest</th></tr></thead>`;
  const inTop = gone.filter(({ external_id }) => top.has(external_id)).length;
  const list = gone
    .slice(0, PLANS_SHOWN)
    .map(
      ({ name, provider, term_months, rates_cents_per_kwh }) =>
        html`<tr><th scope="row">${name}</th><td class="l w">${provider.name}</td><td>${term_months ?? '–'}</td><td>${cents(rates_cents_per_kwh['1000'])}</td></tr>`,
    );
  return section(
    'gone',
    'Would vanish',
    html`<p><b class="bad">${plural(gone.length, 'plan')} of ${plural(rows.length, 'provider')}</b>${inTop > 0 && `, ${numberWord(inTop)} of them among the ten lowest at 1,000 kWh`}.</p>`,
    html`<table class="tight"><caption class="sr">Plans that would vanish, by provider</caption>${head}<tbody>${rows.slice(0, PROVIDERS_SHOWN)}</tbody></table>${rows.length > PROVIDERS_SHOWN && html`<details><summary>${rows.length - PROVIDERS_SHOWN} more providers</summary><table class="tight"><caption class="sr">More providers</caption>${head}<tbody>${rows.slice(PROVIDERS_SHOWN)}</tbody></table></details>`}<details><summary>The plans${gone.length > PLANS_SHOWN && `, ${PLANS_SHOWN} of ${gone.length}`}</summary><table class="tight"><caption class="sr">Plans that would vanish</caption><thead><tr><th scope="col">plan</th><th scope="col" class="l w">provider</th><th scope="col">months</th><th scope="col">1,000 kWh</th></tr></thead><tbody>${list}</tbody></table></details>`,
  );
}

function changeSection({ difference }: HeldFound): Html {
  const { changed } = difference;
  if (changed.length === 0) return html``;
  const rows = changed.slice(0, PLANS_SHOWN).map(({ name, provider, changes }) => {
    const rate = changes.find(({ field }) => field === 'rate_1000kwh');
    const [from, to] = [Number(rate?.from), Number(rate?.to)];
    const others = changes
      .filter(({ field }) => !field.startsWith('rate_'))
      .map(({ field }) => field.replaceAll('_', ' '));
    return html`<tr><th scope="row">${name}</th><td class="l w">${provider}</td><td>${rate ? cents(from) : '–'}</td><td>${rate ? cents(to) : '–'}</td><td>${rate ? `${to < from ? '−' : '+'}${Math.abs(to - from).toFixed(1)}` : '–'}</td><td class="l x w">${list(others)}</td></tr>`;
  });
  return section(
    'change',
    'Would change',
    html`<p>${plural(changed.length, 'plan')}${changed.length > PLANS_SHOWN && `, ${PLANS_SHOWN} of them shown`}.</p>`,
    html`<table class="tight"><caption class="sr">Plans that would change</caption><thead><tr><th scope="col">plan</th><th scope="col" class="l w">provider</th><th scope="col">is</th><th scope="col">would be</th><th scope="col">difference</th><th scope="col" class="l w">and</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function newSection({ difference }: HeldFound): Html {
  const { added } = difference;
  if (added.length === 0) return html``;
  const rows = added
    .slice(0, PLANS_SHOWN)
    .map(
      ({ name, provider, external_id }) =>
        html`<tr><th scope="row">${name}</th><td class="l">${provider}</td><td class="l w"><code>${external_id}</code></td></tr>`,
    );
  return section(
    'new',
    'Would be new',
    html`<p>${plural(added.length, 'plan')}${added.length > PLANS_SHOWN && `, ${PLANS_SHOWN} of them shown`}.</p>`,
    html`<table class="tight"><caption class="sr">Plans that would be new</caption><thead><tr><th scope="col">plan</th><th scope="col" class="l">provider</th><th scope="col" class="l w">id</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}
