/** What needs a hand: findings, the worst first, each with the command that helps and the buttons that do the same. Pure. */

import { type Finding, problems } from '../monitor/finding.ts';
import { syncFindings } from '../monitor/verdict.ts';
import type { Seen } from './board.ts';
import { inCentralTime, sourceName } from './look/words.ts';

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

/** Findings of the last seconds where there are any, of the last half minute for the rest. */
export function findHands({ fast, slow }: Pick<Seen, 'fast' | 'slow'>): Hand[] {
  if (!fast) return [];
  const live = syncFindings(fast.view);
  const names = new Set(live.map(({ check }) => check));
  const others = (slow?.findings ?? []).filter(({ check }) => !names.has(check));
  const said = (text: string) => inCentralTime(text, fast.view.at);
  return problems([...live, ...others]).map((finding) => ({
    ...finding,
    reading: said(finding.reading).replace(/^(comparepower|powertochoose|sandbox)\b/, sourceName),
    advice: finding.advice && said(finding.advice),
    buttons: buttonsFor(finding, fast.view),
  }));
}

function buttonsFor({ check }: Finding, { tdsps }: NonNullable<Seen['fast']>['view']): HandButton[] {
  if (check === 'control') return [{ href: '/ops/do/resume', words: 'Resume syncing…', isFirst: true }];
  if (check === 'held') {
    const held = tdsps.filter(({ last_result }) => last_result?.status === 'held');
    return held.flatMap(({ code, name }, at) => [
      { href: `/ops/held/${code}`, words: `See what would change in ${name}`, isFirst: at === 0 },
    ]);
  }
  if (check === 'upstream') return [{ href: '/ops/do/try', words: 'Try one call…' }];
  if (check === 'plans' || check === 'dead_letters') return [{ href: '/ops/do/sync', words: 'Sync now…' }];
  return [];
}
