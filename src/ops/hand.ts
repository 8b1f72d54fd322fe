/** What needs a hand: findings, the worst first, each with the command that helps and the buttons that do the same. Pure. */

import { type Finding, problems } from '../monitor/finding.ts';
import type { MonitorView, ViewTdsp } from '../monitor/monitor-view.ts';
import { syncFindings } from '../monitor/verdict.ts';
import type { Seen } from './board.ts';

type View = MonitorView;

import { inCentralTime, sourceName, when } from './look/words.ts';

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
  const { tdsps, at } = fast.view;
  const held = tdsps.filter(({ last_result }) => last_result?.status === 'held');
  return problems([...live, ...others])
    .filter(({ check }) => check !== 'dead_letters' || givenUp(fast.view).length > 0)
    .flatMap((finding): Hand[] => {
      const said = (text: string) => inCentralTime(text, at);
      const { reading, advice, check } = finding;
      if (check === 'held' && held.length > 0) return held.map((tdsp) => heldHand(finding, tdsp, at));
      return [
        {
          ...finding,
          reading: said(reading).replace(/^(comparepower|powertochoose|sandbox)\b/, sourceName),
          advice: advice && said(advice),
          buttons: buttonsFor(check),
        },
      ];
    });
}

/** What was given up for another reason than that it is held back: that is told by itself. */
export function givenUp({ dead_letters, tdsps }: Pick<View, 'dead_letters' | 'tdsps'>): string[] {
  const held = new Set(
    tdsps.flatMap(({ name, last_result }) => (last_result?.status === 'held' ? [name] : [])),
  );
  return dead_letters.flatMap(({ names }) => names).filter((name) => !held.has(name));
}

/** One for each TDSP, in the words of its own result. */
function heldHand(finding: Finding, { name, code, last_result }: ViewTdsp, now: Date): Hand {
  const { at, message } = last_result!;
  return {
    ...finding,
    subject: name,
    reading: `${name}’s snapshot of ${when(at, now)} is held back`,
    advice: (message ?? '')
      .replace(/^Snapshot held back: /, '')
      .replace(/^./, (first) => first.toUpperCase()),
    command: `npm run held -- show ${code}`,
    buttons: [{ href: `/ops/held/${code}`, words: 'See what would change', isFirst: true }],
  };
}

function buttonsFor(check: string): HandButton[] {
  if (check === 'control') return [{ href: '/ops/do/resume', words: 'Resume syncing…', isFirst: true }];
  if (check === 'upstream') return [{ href: '/ops/do/try', words: 'Try one call…' }];
  if (check === 'plans' || check === 'dead_letters') return [{ href: '/ops/do/sync', words: 'Sync now…' }];
  return [];
}
