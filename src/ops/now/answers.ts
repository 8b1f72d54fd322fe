import { LATENCY_STEPS_MS, quantile } from '../../histogram.ts';
import { type Html, html } from '../../html/html.ts';
import {
  allAnswers,
  answersOf,
  LAYERS,
  latencies,
  overallHitRate,
  TARGETS,
} from '../../monitor/figures/targets.ts';
import { percentText } from '../../monitor/text.ts';
import type { Figures, LayerFigures } from '../../store/observation/figures.ts';
import { chart, line, strip } from '../look/chart.ts';
import { column } from '../look/columns.ts';
import { figure } from '../look/figure.ts';
import { section } from '../look/parts.ts';
import { count, milliseconds } from '../look/words.ts';
import type { Drawn } from './sections.ts';

const NAMES: Record<(typeof LAYERS)[number], string> = {
  memory: 'memory',
  redis: 'redis',
  database: 'database',
  active: 'active plans',
  api: 'upstream',
};
const askedOf = ({ hits, misses, errors }: LayerFigures): number => hits + misses + errors;
const rateOf = (layer: LayerFigures | undefined): number | null =>
  layer && askedOf(layer) > 0 ? layer.hits / askedOf(layer) : null;

const requiredOf = (name: string) => TARGETS.find((one) => one.name === name)!.required;

export function answersSection({ slow, past, axis }: Drawn): Html {
  const { hour } = slow;
  const overall = overallHitRate(hour);
  const stale = Object.values(hour.layers).reduce((sum, one) => sum + one.stale_serves, 0);
  const words =
    overall === null
      ? html`<p>No plans were asked for in the last hour.</p>`
      : html`<p><b>${percentText(overall, 2)} answered without the upstream.</b> ${percentText(rateOf(hour.layers.memory), 2)} from memory; the target is ${percentText(requiredOf('cache_hit_rate'), 0)}.</p><p>${
          stale > 0
            ? html`<b class="watch">${count(stale)} said “stale”.</b>`
            : 'Each layer is asked for what the one above lacks.'
        }</p>`;
  const rows = LAYERS.map((name) => {
    const layer = hour.layers[name];
    const { hits = 0, stale_serves = 0, errors = 0, latency = [] } = layer ?? {};
    const rate = percentText(rateOf(layer), 2);
    const p95 = quantile(latency, LATENCY_STEPS_MS, 0.95);
    const told = figure(rate, {
      id: `hit-${name}`,
      title: `Hit rate of ${NAMES[name]}`,
      what: `Plan sets this layer had, of those it was asked for, in all processes. ${name === 'memory' ? 'Every read asks memory first.' : 'It is asked for what the layers above lack.'}`,
      from: 'figures, from cache_stats',
      since: 'the last 60 minutes',
      command: 'npm run -s cache:stats',
    });
    const points = past.steps.map(({ at, figures }) => {
      const share = rateOf(figures.layers[name]);
      return [axis.x(at), share === null ? null : 2 + 18 * (1 - share)] as const;
    });
    return html`<tr><th scope="row">${NAMES[name]}</th><td class="w">${count(layer ? askedOf(layer) : 0)}</td><td>${told}</td><td class="w">${count(hits)}</td><td class="w w2">${stale_serves > 0 ? html`<span class="watch">${count(stale_serves)}</span>` : '0'}</td><td class="w w2">${errors > 0 ? html`<span class="bad">${count(errors)}</span>` : '0'}</td><td class="w w2">${name === 'memory' || latency.every((one) => one === 0) ? '–' : html`${milliseconds(p95, 1)} <small>ms</small>`}</td><td class="t">${strip(22, line(points))}</td></tr>`;
  });
  return section(
    'answers',
    'Answers',
    words,
    html`<table class="rows"><caption class="sr">Reads of plan sets by layer, last hour</caption><thead><tr><th scope="col">layer</th><th scope="col" class="w">${column('answers-asked', 'asked')}</th><th scope="col">hit rate</th><th scope="col" class="w">${column('answers-hits', 'hits')}</th><th scope="col" class="w w2">${column('answers-stale', 'stale')}</th><th scope="col" class="w w2">${column('answers-failed', 'failed')}</th><th scope="col" class="w w2">${column('answers-wait', 'wait, p95')}</th><th scope="col" class="t l w">hit rate</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

const SCALE = [0.5, 10, 100, 1_000];

export function latencySection({ slow, past, axis, asTable }: Drawn): Html {
  const { hour } = slow;
  const all = latencies(allAnswers(hour));
  const kinds: [name: string, latency: readonly number[], target: number | null][] = [
    ['Answers from a layer', answersOf(hour, 'cached')?.latency ?? [], requiredOf('cached_answer_ms')],
    ['Other answers', answersOf(hour, 'other')?.latency ?? [], requiredOf('api_answer_ms')],
    ['Statements', hour.statements.latency, requiredOf('db_query_ms')],
    ['Upstream calls', hour.calls.latency, null],
  ];
  const rows = kinds.map(([name, latency, target]) => {
    const counted = latency.reduce((sum, one) => sum + one, 0);
    const { p50, p95, p99 } = latencies(latency);
    const isSlow = target !== null && p99 !== null && p99 > target;
    const told = figure(milliseconds(p99, counted), {
      id: `p99-${name.toLowerCase().replaceAll(' ', '-')}`,
      title: `${name}, p99`,
      what: '99 of 100 took at most this long, in milliseconds: counted in steps, of all processes.',
      from:
        name === 'Statements'
          ? 'figures, from query_stats'
          : name === 'Upstream calls'
            ? 'figures, from api_calls'
            : 'figures, from answer_stats',
      since: 'the last 60 minutes',
      command: name === 'Statements' ? 'npm run -s db:metrics' : 'npm run -s monitor:metrics',
    });
    return html`<tr><th scope="row">${name}</th><td class="w">${count(counted)}</td><td>${milliseconds(p50, counted)}</td><td>${milliseconds(p95, counted)}</td><td${isSlow && html` class="bad"`}>${told}</td><td class="w">${target === null ? '–' : count(target)}</td></tr>`;
  });
  const of = (pick: (figures: Figures) => readonly number[], share: 'p50' | 'p99') =>
    past.steps.map(({ figures }) => latencies(pick(figures))[share]);
  const drawn = chart(
    axis,
    {
      id: 'latency',
      label: 'Latency',
      unit: 'ms',
      height: 124,
      kind: 'lines',
      times: past.steps.map(({ at }) => at.getTime()),
      stepMs: 0,
      isLog: true,
      series: [
        { label: 'statements, p99', tone: 'grey', values: of((one) => one.statements.latency, 'p99') },
        { label: 'answers, p99', tone: 'ink', values: of(allAnswers, 'p99') },
        { label: 'answers, p50', tone: 'ink', values: of(allAnswers, 'p50') },
      ],
      scale: SCALE,
      target: { value: requiredOf('cached_answer_ms'), label: 'target of answers' },
      write: (value) => milliseconds(value, 1),
    },
    asTable,
  );
  const words =
    all.p99 === null
      ? html`<p>Nobody asked in the last hour.</p>`
      : html`<p><b>99 of 100 answers within ${milliseconds(all.p99, 1)} ms.</b> The target is ${requiredOf('cached_answer_ms')} ms.</p><p>Times are “at most”: they are counted in steps.</p>`;
  return section(
    'latency',
    'Latency',
    words,
    html`<div class="two"><div><table><caption class="sr">Latency in the last hour</caption><thead><tr><th scope="col">milliseconds</th><th scope="col" class="w">${column('latency-count', 'count, 1 h')}</th><th scope="col">${column('latency-p50', 'p50')}</th><th scope="col">${column('latency-p95', 'p95')}</th><th scope="col">p99</th><th scope="col" class="w">${column('latency-target', 'target')}</th></tr></thead><tbody>${rows}</tbody></table></div><div>${drawn}</div></div>`,
  );
}
