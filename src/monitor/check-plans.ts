/** Are the plans fresh, and if not, why: failures, held snapshots, an upstream that refuses. Pure. */

import { DAY_MS } from '../units.ts';
import { bad, type Finding, ok, warn } from './finding.ts';
import type { MonitorView, ViewTdsp } from './monitor-view.ts';
import { limitText, plural, spanText, timeText } from './text.ts';

const SYNC_FULL = 'npm run sync:full';

/** How old what is served is, against what was promised. While syncing is not on, no sync can be asked for. */
export function checkPlans({ tdsps, control }: Pick<MonitorView, 'tdsps' | 'control'>): Finding {
  const found = judgeAges(tdsps);
  if (found.verdict === 'ok' || control.state === 'running') return found;
  const advice = `Syncing is not on: let it go on, then sync them with ${SYNC_FULL}`;
  return { ...found, advice, command: 'npm run sync:resume' };
}

const aged = ({ name, age_seconds }: ViewTdsp): string => `${name} ${spanText(age_seconds ?? 0)}`;
/** @param hours the limit they are past */
const tooOld = (tdsps: readonly ViewTdsp[], hours: number): string =>
  `Plans are older than ${limitText(hours * 3_600)}: ${tdsps.map(aged).join(', ')}`;

function judgeAges(tdsps: MonitorView['tdsps']): Finding {
  const check = 'plans';
  const never = tdsps.filter(({ age_seconds }) => age_seconds === null).map(({ name }) => name);
  if (never.length === tdsps.length) {
    return bad(check, 'Nothing was ever published here', 'Sync once, or start the program', SYNC_FULL);
  }
  if (never.length > 0) return bad(check, `Never published: ${never.join(', ')}`, 'Sync them', SYNC_FULL);
  const errors = tdsps.filter(({ verdict }) => verdict === 'error');
  if (errors.length > 0) {
    return bad(check, tooOld(errors, errors[0]!.error_after_hours), 'Sync them', SYNC_FULL);
  }
  const warnings = tdsps.filter(({ verdict }) => verdict === 'warning');
  if (warnings.length > 0) {
    const advice = 'Sync them; if this comes back, look at the schedule';
    return warn(check, tooOld(warnings, warnings[0]!.warn_after_hours), advice, SYNC_FULL);
  }
  const stale = tdsps.filter((tdsp) => tdsp.stale);
  if (stale.length > 0) {
    const message = `Readers are told that plans are stale (CACHE_TTL_HOURS): ${stale.map(aged).join(', ')}`;
    return warn(check, message, 'Sync them, or raise CACHE_TTL_HOURS', SYNC_FULL);
  }
  const [oldest] = tdsps.toSorted((a, b) => b.age_seconds! - a.age_seconds!);
  return ok(check, `${plural(tdsps.length, 'plan set')}, the oldest: ${aged(oldest!)}`);
}

/** TDSPs that were given up. */
export function checkDeadLetters({ dead_letters }: Pick<MonitorView, 'dead_letters'>): Finding {
  const check = 'dead_letters';
  if (dead_letters.length === 0) return ok(check, 'No sync was given up');
  const message = `Gave up on ${dead_letters.flatMap(({ names }) => names).join(', ')}`;
  return warn(
    check,
    message,
    'See why with npm run sync:dead, fix it, and try again',
    'npm run sync:redrive',
  );
}

/** TDSPs of which a snapshot is held back, whatever became of later syncs. */
export function checkHeld({ tdsps }: Pick<MonitorView, 'tdsps'>): Finding {
  const check = 'held';
  const held = tdsps.filter(({ held_because }) => held_because !== null);
  if (held.length === 0) return keptOrNone(tdsps);
  const why = held.map(({ name, held_because }) => `${name} (${held_because})`).join('; ');
  const message = `A snapshot looked wrong and is held back: ${why}`;
  const advice =
    'The published plans stay. Look at it, then publish or drop it; the next file is judged afresh';
  return warn(check, message, advice, `npm run held -- show ${held[0]!.code}`);
}

function keptOrNone(tdsps: MonitorView['tdsps']): Finding {
  const check = 'held';
  const kept = tdsps.filter(({ kept_fields }) => kept_fields !== null);
  if (kept.length === 0) return ok(check, 'No snapshot is held back');
  const which = kept.map(({ name, kept_fields }) => `${name} (${kept_fields!.join(', ')})`).join('; ');
  const message = `Fields came empty or the same for all plans, and are as they were before: ${which}`;
  const advice =
    'Nothing, if the upstream sends them again soon. If it is right, publish what it sends with held publish';
  return warn(check, message, advice, `npm run held -- show ${kept[0]!.code}`);
}

/** Names of TDSPs that the upstream uses and nobody here knows: a TDSP may have been renamed. */
export function checkNames({ tdsps }: Pick<MonitorView, 'tdsps'>): Finding {
  const check = 'tdsp_names';
  const found = tdsps.flatMap(({ name, last_result }) =>
    Object.entries(last_result?.unknown_names ?? {}).map(([unknown, plans]) => ({ name, unknown, plans })),
  );
  if (found.length === 0) return ok(check, 'All names of TDSPs are known');
  const said = [...Map.groupBy(found, ({ unknown }) => unknown)].map(([unknown, all]) => {
    const theirs = all.filter(({ plans }) => plans > 0).map(({ name, plans }) => `${plans} of ${name}`);
    return theirs.length === 0 ? `"${unknown}"` : `"${unknown}" (plans on sale: ${theirs.join(', ')})`;
  });
  const message = `The upstream names TDSPs that are not known: ${said.join(', ')}`;
  const advice =
    'Plans on sale that stand under such a name stay as they were. If a TDSP was renamed, add the name to ptc_names in data/territory/tdsps.csv and start again';
  return warn(check, message, advice, 'npm run sync:full');
}

/**
 * Whether this command has the settings of the workers, because limits and targets are taken from its own; and whether
 * the stored plans are from the source that is asked.
 */
export function checkSettings({ upstream, tdsps }: Pick<MonitorView, 'upstream' | 'tdsps'>): Finding {
  const { source, configured } = upstream;
  const stored = [...new Set(tdsps.flatMap((tdsp) => tdsp.source ?? []))].join(' and ');
  if (source === configured) {
    if (stored === '' || stored === source) return ok('settings', `Plans come from ${source}`);
    // A sandbox may answer at the address of another source, and says so.
    if (stored === 'sandbox')
      return ok('settings', `Plans come from ${source}; those stored are invented (sandbox)`);
    const message = `The stored plans are from ${stored}, and the workers fetch from ${source}`;
    const advice =
      'Plans of another source are not published. Correct PLAN_SOURCE, or replace the stored ones';
    return warn('settings', message, advice, 'npm run sync:full -- --change-source');
  }
  const message = `The workers fetch from ${source}; the settings of this command name ${configured}`;
  const advice =
    'Budgets and targets shown here are those of this command: give it the environment of the workers';
  return warn('settings', message, advice);
}

/** Whether the upstream may be called, and answers. */
export function checkUpstream({ upstream, at }: Pick<MonitorView, 'upstream' | 'at'>): Finding {
  const check = 'upstream';
  const { source, circuit, failures, open_until, wait_until } = upstream;
  const { calls_last_hour, budget_per_hour, reserve_per_hour } = upstream;
  const calls = `${calls_last_hour} of ${budget_per_hour} calls this hour`;
  const last = upstream.last_call;
  const why = last?.error ? ` The last call: ${last.error}` : '';
  if (last && (last.status === 401 || last.status === 403)) {
    const advice = `Correct COMPAREPOWER_API_KEY and COMPAREPOWER_API_KEY_HEADER, then start again.${why}`;
    return bad(check, `${source} refuses the key (${last.status})`, advice);
  }
  if (circuit === 'open') {
    const message = `${source} failed ${failures} times in a row and is left alone until ${timeText(open_until!, at)}`;
    return bad(check, message, `It is tried again by itself. Stored plans are served meanwhile.${why}`);
  }
  if (wait_until) {
    const message = `${source} asked to be left alone until ${timeText(wait_until, at)}`;
    return warn(check, message, 'Wait: it is called again by itself. If this comes often, call less');
  }
  if (calls_last_hour >= budget_per_hour) {
    const advice = 'Wait, raise API_CALL_BUDGET_PER_HOUR, or call less: raise CACHE_TTL_HOURS';
    return bad(check, `The calls of this hour are used up: ${calls}`, advice);
  }
  if (calls_last_hour >= budget_per_hour - reserve_per_hour) {
    const advice = `The other ${reserve_per_hour} are kept for forced calls. Raise API_CALL_BUDGET_PER_HOUR, or call less: raise CACHE_TTL_HOURS`;
    return warn(check, `Scheduled syncs wait: ${calls}`, advice);
  }
  if (upstream.forced_last_hour >= upstream.forced_budget_per_hour) {
    const forced = `${upstream.forced_last_hour} of ${upstream.forced_budget_per_hour} forced calls this hour`;
    return warn(check, `--force waits: ${forced}`, 'Wait, or raise EMERGENCY_CALL_BUDGET_PER_HOUR');
  }
  if (circuit === 'half_open' || failures > 0) {
    const advice = `The next call finds out whether it is back.${why}`;
    return warn(check, `${source} failed ${failures} times in a row`, advice);
  }
  return ok(check, `${source} answers, ${calls}`);
}

const CERTIFICATE_DAYS = { warn: 14, bad: 3 };

/** Of the upstream, as its last connection showed it; nothing where none was seen. */
export function checkCertificate({ upstream, at }: Pick<MonitorView, 'upstream' | 'at'>): Finding[] {
  const { certificate_ends_at: end, source } = upstream;
  if (end === null) return [];
  const check = 'certificate';
  const days = (end.getTime() - at.getTime()) / DAY_MS;
  const ends = `The certificate of ${source} ${days < 0 ? 'ended' : 'ends'} on ${end.toISOString().slice(0, 10)}`;
  if (days > CERTIFICATE_DAYS.warn) return [ok(check, ends)];
  const find = days <= CERTIFICATE_DAYS.bad ? bad : warn;
  const when = days < 0 ? 'every call fails' : `in ${plural(Math.floor(days), 'day')} every call fails`;
  return [find(check, `${ends}: ${when}`, 'Tell the operator of the upstream; the next call sees a new one')];
}
