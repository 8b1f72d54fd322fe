/** What needs a hand: findings, the worst first, each with the command that helps and the buttons that do the same. Pure. */

import { type Finding, problems, warn } from '../monitor/finding.ts';
import type { MonitorView } from '../monitor/monitor-view.ts';
import { syncFindings } from '../monitor/verdict.ts';
import type { HeldSummary } from '../store/plans/held-snapshots.ts';
import type { Seen } from './board.ts';

import { capital, inCentralTime, sourceName, when } from './look/words.ts';

/** A link to a page that looks closer, or that asks once more and then acts. */
interface HandButton {
  href: string;
  words: string;
  /** The one to be pressed first. */
  isFirst?: boolean;
}

export interface Hand extends Finding {
  buttons: HandButton[];
}

/** What others follow from comes first, so that the first line and the first hand tell of the same cause. */
const CAUSES = ['database', 'migrations', 'control', 'upstream', 'queue', 'claims', 'runs', 'held'];
const rank = ({ check, verdict }: Finding): number => {
  const at = CAUSES.indexOf(check);
  return (verdict === 'bad' ? 0 : 100) + (at < 0 ? CAUSES.length : at);
};

/** Findings of the last seconds where there are any, of the last half minute for the rest. */
export function findHands({ fast, slow }: Pick<Seen, 'fast' | 'slow'>): Hand[] {
  if (!fast) return [];
  const { view, held } = fast;
  const live = syncFindings(view);
  const names = new Set(live.map(({ check }) => check));
  const others = (slow?.findings ?? []).filter(({ check }) => !names.has(check));
  const said = (text: string) => inCentralTime(text, view.at);
  const found = problems([...live, ...others])
    .filter(({ check }) => check !== 'held')
    .map(
      (finding): Hand => ({
        ...finding,
        reading: said(finding.reading).replace(/^(comparepower|powertochoose|sandbox)\b/, sourceName),
        advice: finding.advice && said(finding.advice),
        buttons: buttonsFor(finding.check),
      }),
    );
  return [...found, ...held.map((one) => heldHand(one, view))].toSorted((a, b) => rank(a) - rank(b));
}

/** One for each TDSP, in the words of the rules that it breaks. */
function heldHand({ tdsp_duns, observed_at, broken }: HeldSummary, { tdsps, at }: MonitorView): Hand {
  const { name, code } = tdsps.find(({ duns }) => duns === tdsp_duns) ?? { name: tdsp_duns, code: tdsp_duns };
  const why = broken.map(({ reading, limit }) => `${capital(reading)}; fine would be ${limit}.`).join(' ');
  const advice = `${why} The published plans stay, and the next good snapshot replaces this one by itself.`;
  const reading = `${name}’s snapshot of ${when(observed_at, at)} is held back`;
  return {
    ...warn('held', reading, advice, `npm run held -- show ${code}`),
    subject: name,
    buttons: [{ href: `/ops/held/${code}`, words: 'See what would change', isFirst: true }],
  };
}

function buttonsFor(check: string): HandButton[] {
  if (check === 'control') return [{ href: '/ops/do/resume', words: 'Resume syncing…', isFirst: true }];
  if (check === 'upstream') return [{ href: '/ops/do/try', words: 'Try one call…' }];
  if (check === 'plans' || check === 'dead_letters') return [{ href: '/ops/do/sync', words: 'Sync now…' }];
  return [];
}
