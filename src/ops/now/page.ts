/** The page "Now": verdict, what needs a hand, alerts, then what is going on, from what all viewers see together. */

import { type Html, html } from '../../html/html.ts';
import type { Territory } from '../../territory/territory.ts';
import type { Seen } from '../board.ts';
import { findHands } from '../hand.ts';
import { type Annotation, Axis, type RangeName } from '../look/axis.ts';
import { type Frame, iconOf, titleOf, verdictBlock } from '../look/document.ts';
import { list, sourceName } from '../look/words.ts';
import { verdictLine } from '../verdict-line.ts';
import { alertsSection } from './alerts.ts';
import { answersSection, latencySection } from './answers.ts';
import { callsSection } from './calls.ts';
import { controlSection } from './control.ts';
import { freshnessSection } from './freshness.ts';
import { handSection } from './hand-section.ts';
import { logSection } from './log.ts';
import { looksSection } from './looks.ts';
import { marketSection } from './market.ts';
import type { Drawn } from './sections.ts';
import { targetsSection } from './targets.ts';
import { processesSection, queueSection, schedulesSection } from './work.ts';

/** The clock of the page moves on in steps, so that a still page stays byte for byte as it is. */
const STEP_MS: Record<RangeName, number> = { '1h': 15_000, '24h': 60_000, '30d': 600_000 };

export function axisOf(range: RangeName, seen: Pick<Seen, 'fast' | 'past'>, now: Date): Axis {
  const at = seen.fast?.view.at ?? now;
  const to = new Date(Math.floor(at.getTime() / STEP_MS[range]) * STEP_MS[range]);
  return new Axis(range, to, annotationsOf(seen));
}

/** When another version began, when plans were published, and when alerts of the severest kind fired. */
function annotationsOf({ fast, past }: Pick<Seen, 'fast' | 'past'>): Annotation[] {
  if (!fast || !past) return [];
  const { tdsps } = fast.view;
  const nameOf = (duns: string) => tdsps.find((tdsp) => tdsp.duns === duns)?.name ?? duns;
  const deploys = past.deploys.map(({ at, version }) => ({
    at,
    label: `deploy ${version}`,
    kind: 'deploy' as const,
  }));
  const publishes = past.publishes.map(({ at, tdsps: published }) => ({
    at,
    label: `published ${published.length === tdsps.length ? 'everywhere' : list(published.map(nameOf))}`,
    kind: 'publish' as const,
  }));
  const fired = past.alertEvents
    .filter(({ event, severity }) => event === 'fired' && severity === 'page')
    .map(({ at, rule }) => ({ at, label: `fired: ${rule}`, kind: 'alert' as const }));
  return [...deploys, ...publishes, ...fired];
}

interface NowPage {
  frame: Frame;
  /** What the stream sends of it, by the id of the element. */
  parts: Map<string, Html>;
}

export function nowPage(
  seen: Seen,
  { range, asTable, territory, now }: { range: RangeName; asTable: boolean; territory: Territory; now: Date },
): NowPage {
  const { fast, slow, past } = seen;
  const hands = findHands(seen);
  const line = verdictLine(seen, hands, now);
  const axis = axisOf(range, seen, now);
  const nameOf = (duns: string) => territory.tdsp(duns)?.short_name ?? duns;
  const sections: [string, Html][] = [['hand', handSection(hands)]];
  if (fast && slow && past) {
    const drawn: Drawn = { fast, slow, past, axis, asTable, territory, hands, nameOf };
    sections.push(
      ['axis', axis.defs()],
      ['clock', axis.row('/ops', asTable)],
      ['alerts', alertsSection(drawn)],
      ['fresh', freshnessSection(drawn)],
      ['calls', callsSection(drawn)],
      ['looks', looksSection(drawn)],
      ['answers', answersSection(drawn)],
      ['latency', latencySection(drawn)],
      ['queue', queueSection(drawn)],
      ['schedules', schedulesSection(drawn)],
      ['processes', processesSection(drawn)],
      ['market', marketSection(drawn)],
      ['targets', targetsSection(drawn)],
      ['control', controlSection(drawn)],
      ['log', logSection(drawn)],
    );
  }
  const at = fast?.view.at ?? now;
  const frame: Frame = {
    page: 'Now',
    ...line,
    place: fast ? sourceName(fast.view.upstream.source) : 'wattsync',
    at,
    live: `/ops/stream?range=${range}${asTable ? '&as=table' : ''}`,
    body: html`${sections.map(([, part]) => part)}`,
  };
  const parts = new Map(sections);
  parts.set('verdict', verdictBlock(frame));
  parts.set('title', html`${titleOf(frame)}`);
  parts.set('icon', iconOf(frame));
  return { frame, parts };
}
