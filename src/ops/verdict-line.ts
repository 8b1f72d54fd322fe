/** The first line of operations: how shoppers are served, and if not well, why, and what happens if nobody acts. Pure. */

import { type Html, html } from '../html/html.ts';
import { allAnswers, latencyAt } from '../monitor/figures/targets.ts';
import type { Finding } from '../monitor/finding.ts';
import type { ViewTdsp } from '../monitor/monitor-view.ts';
import { HOUR_MS } from '../units.ts';
import type { Seen } from './board.ts';
import type { Mark } from './look/marks.ts';
import { capital, clock, count, list, numberWord, sourceName, spanWords } from './look/words.ts';

interface VerdictLine {
  mark: Mark;
  /** Short, for the tab. */
  title: string;
  headline: string;
  lead: Html;
}

/** @param hands what somebody should look at, the worst first */
export function verdictLine(seen: Seen, hands: readonly Finding[], now: Date): VerdictLine {
  const { fast, slow, failure } = seen;
  if (failure || !fast) return databaseAway(seen, now);
  const { view } = fast;
  const known = view.tdsps.flatMap(({ age_seconds }) => (age_seconds === null ? [] : [age_seconds]));
  if (known.length === 0) {
    return {
      mark: 'bad',
      title: 'no plans',
      headline: 'Nothing was ever published here. Shoppers get no plans.',
      lead: lead(seen, hands),
    };
  }
  const oldest = spanWords(Math.max(...known));
  const served = `Shoppers are still served, with plans up to ${oldest} old.`;
  const at = (mark: Mark, title: string, headline: string): VerdictLine => ({
    mark,
    title,
    headline,
    lead: lead(seen, hands),
  });
  const { state, changed_at, changed_by } = view.control;
  const since = spanWords((view.at.getTime() - changed_at.getTime()) / 1_000);
  if (state === 'emergency') {
    return at('bad', 'halted', `Syncing was halted ${since} ago by ${changed_by}. ${served}`);
  }
  const source = sourceName(view.upstream.source);
  if (view.upstream.circuit === 'open') {
    const failing = slow?.failingSince
      ? spanWords((view.at.getTime() - slow.failingSince.getTime()) / 1_000)
      : null;
    const what = failing ? `has failed for ${failing}` : `failed ${view.upstream.failures} times in a row`;
    return at('bad', `${source} fails`, `${source} ${what}. ${served}`);
  }
  if (state === 'stopped') {
    return at('watch', 'stopped', `Syncing was stopped ${since} ago by ${changed_by}. ${served}`);
  }
  const tooOld = view.tdsps.filter(({ verdict }) => verdict === 'error');
  if (tooOld.length > 0) {
    const names = list(tooOld.map(({ name }) => name));
    return at('bad', 'plans too old', `The plans of ${names} are too old. ${served}`);
  }
  const [first] = hands;
  if (first?.verdict === 'bad') return at('bad', 'needs a hand', `${sentence(first.reading)} ${served}`);
  const firing = fast.alerts.alerts.filter(({ display }) => display === 'firing');
  const page = firing.find(({ severity }) => severity === 'page');
  if (page) return at('bad', 'an alert fires', `${sentence(page.title)} ${served}`);
  if (first) {
    const many = hands.length === 1 ? 'One thing needs' : `${capital(numberWord(hands.length))} things need`;
    return at('watch', 'to look at', `Shoppers get plans at most ${oldest} old. ${many} a look.`);
  }
  if (firing.length > 0) {
    return at(
      'watch',
      'to look at',
      `Shoppers get plans at most ${oldest} old. ${sentence(firing[0]!.title)}`,
    );
  }
  return at('verdict', 'all is well', `All is well. Shoppers get plans at most ${oldest} old.`);
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

function databaseAway({ fast, failure }: Seen, now: Date): VerdictLine {
  const since = failure ? spanWords((now.getTime() - failure.since.getTime()) / 1_000) : '';
  return {
    mark: 'bad',
    title: 'PostgreSQL is away',
    headline: failure
      ? `PostgreSQL has not answered for ${since}. Shoppers get what processes have in memory.`
      : 'PostgreSQL was not asked yet.',
    lead: databaseAwayLead({ fast, failure }),
  };
}

/** What can be done without PostgreSQL, and from when what stands below is. */
export const databaseAwayLead = ({ fast, failure }: Pick<Seen, 'fast' | 'failure'>): Html =>
  html`<p>${failure && html`<code>${failure.message}</code> `}Nothing can be synced or published. ${
    fast
      ? html`What stands below is as it was at <b>${clock(fast.view.at)}</b>.`
      : 'There is nothing to show from before.'
  } It is tried again every few seconds.</p>`;

function lead({ fast, slow }: Seen, hands: readonly Finding[]): Html {
  const { view, alerts } = fast!;
  const firing = alerts.alerts.filter(({ display }) => display === 'firing').length;
  const needs =
    hands.length === 0
      ? firing === 0
        ? 'Nothing needs a hand, no alert fires.'
        : `${capital(numberWord(firing))} ${firing === 1 ? 'alert fires' : 'alerts fire'}.`
      : hands[0]!.verdict === 'bad'
        ? `${capital(numberWord(hands.length))} ${hands.length === 1 ? 'thing needs' : 'things need'} a hand.`
        : `${hands[0]!.reading}.`;
  const { tdsps, upstream } = view;
  const within = tdsps.filter(({ verdict }) => verdict === 'fresh').length;
  const stale = tdsps.filter((one) => one.stale).map(({ name }) => name);
  const told =
    stale.length === 0
      ? `${capital(numberWord(within))} of ${numberWord(tdsps.length)} plan sets are within their target`
      : stale.length === tdsps.length
        ? 'Every answer says that its plans are stale'
        : `Answers with plans of ${list(stale)} say that they are stale`;
  const calls = `${upstream.calls_last_hour} of ${upstream.budget_per_hour} upstream calls are used this hour`;
  return html`<p><b>${needs}</b> ${told}; ${calls}${slow && answered(slow.hour)}. ${leftAlone(tdsps, view)}${
    alerts.alerts.some(({ display }) => display === 'silenced') && 'Some alerts are silenced.'
  }</p>`;
}

function answered({ answers }: NonNullable<Seen['slow']>['hour']): string {
  const all = Object.values(answers);
  const total = all.reduce((sum, one) => sum + one.answers, 0);
  if (total === 0) return '';
  const failed = all.reduce((sum, one) => sum + one.failed, 0);
  const p99 = latencyAt(allAnswers({ answers }), 0.99);
  const none = failed === 0 ? 'none failed' : `${count(failed)} failed`;
  return `; of ${count(total)} answers in the last hour ${none}, 99 of 100 came within ${p99} ms`;
}

/** What passes its error age next, where nothing is fetched any more. */
function leftAlone(
  tdsps: readonly ViewTdsp[],
  { upstream, control, at }: NonNullable<Seen['fast']>['view'],
): string {
  if (upstream.circuit === 'closed' && control.state === 'running') return '';
  const times = tdsps.flatMap(({ observed_at, error_after_hours, verdict }) =>
    observed_at === null || verdict === 'error' ? [] : [observed_at.getTime() + error_after_hours * HOUR_MS],
  );
  if (times.length === 0) return '';
  const first = Math.min(...times);
  if (first - at.getTime() > 24 * HOUR_MS) return '';
  const many = times.filter((time) => time - first < 60_000).length;
  const what = many === 1 ? 'one more plan set passes' : `${numberWord(many)} more plan sets pass`;
  return `Left alone, ${what} the error age at ${clock(new Date(first))}. `;
}
