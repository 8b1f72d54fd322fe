import { type Html, html } from '../../html/html.ts';
import {
  type PERIODS,
  type TargetReading,
  type TargetVerdict,
  targetText,
} from '../../monitor/figures/targets.ts';
import { column } from '../look/columns.ts';
import { figure } from '../look/figure.ts';
import { type Mark, state } from '../look/marks.ts';
import { section } from '../look/parts.ts';
import { capital, numberWord } from '../look/words.ts';
import type { Drawn } from './sections.ts';

const VERDICTS: Record<TargetVerdict, { mark: Mark; word: string }> = {
  kept: { mark: 'good', word: 'kept' },
  ours_missed: { mark: 'watch', word: 'kept, ours missed' },
  missed: { mark: 'bad', word: 'missed' },
  unknown: { mark: 'unknown', word: 'not measured yet' },
};

export function targetsSection({ slow }: Drawn): Html {
  const { targets } = slow;
  const measured = targets.filter(({ verdicts }) => verdicts.month !== 'unknown');
  const of = (verdict: TargetVerdict) => measured.filter(({ verdicts }) => verdicts.month === verdict).length;
  const [missed, ours] = [of('missed'), of('ours_missed')];
  const answer =
    measured.length === 0
      ? html`Nothing was measured yet.`
      : missed > 0
        ? html`<b class="bad">${capital(numberWord(missed))} of ${numberWord(measured.length)} missed.</b>`
        : html`<b>${capital(numberWord(measured.length))} of ${numberWord(measured.length)} kept.</b>`;
  const words = html`<p>${answer}</p>${ours > 0 && html`<p>Our own, tighter ones: ${numberWord(ours)} missed.</p>`}`;
  return section(
    'targets',
    'Targets, 30 days',
    words,
    html`<table class="rows tight"><caption class="sr">Targets over the last hour, day and 30 days</caption><thead><tr><th scope="col">target</th><th scope="col" class="w">${column('targets-required', 'required')}</th><th scope="col" class="w">${column('targets-ours', 'ours')}</th><th scope="col" class="w">1 h</th><th scope="col" class="w">24 h</th><th scope="col">30 d</th><th scope="col" class="l">30 d verdict</th></tr></thead><tbody>${targets.map(row)}</tbody></table>`,
  );
}

function row({ name, title, what, unit, better, required, ours, values, verdicts }: TargetReading): Html {
  const cell = (period: (typeof PERIODS)[number]) => {
    const { mark } = VERDICTS[verdicts[period]];
    const text = targetText(unit, values[period]);
    return mark === 'bad' ? html`<span class="bad">${text}</span>` : text;
  };
  const { mark, word } = VERDICTS[verdicts.month];
  const told = figure(cell('month'), {
    id: `target-${name}`,
    title,
    what: `Counted are ${what}.`,
    from: 'figures (minutes kept 30 days, hours two years)',
    since: 'the last 30 days',
    command: 'npm run -s monitor:metrics',
  });
  return html`<tr><th scope="row">${title}</th><td class="w">${boundText(unit, better, required)}</td><td class="w">${boundText(unit, better, ours)}</td><td class="w">${cell('hour')}</td><td class="w">${cell('day')}</td><td>${told}</td><td class="l p2">${state(mark, word)}</td></tr>`;
}

/** `≥ 85 %`, `< 500 ms`: as it was set, without decimals it does not have. */
function boundText(unit: TargetReading['unit'], better: TargetReading['better'], value: number): string {
  const said = unit === 'share' ? `${Math.round(value * 1_000) / 10} %` : targetText(unit, value);
  return `${better === 'more' ? '≥' : '≤'} ${said}`;
}
