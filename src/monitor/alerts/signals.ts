/** What each signal of the rules measures: one reading for each subject, from the facts alone. Pure. */

import { answersOf, latencyAt, overallHitRate } from '../figures/targets.ts';
import { hasFallenBack } from '../refresh/check.ts';
import { limitText, percentText, plural, spanText, timeText } from '../text.ts';
import type { Burn, Facts } from './facts.ts';
import type { Rule, SignalName } from './rules.ts';

export interface SignalReading {
  /** Empty where there is only one. */
  subject: string;
  /** `null`: it is not known. */
  value: number | null;
  /** For a person, without the name of the rule. */
  text: string;
}

type Signal = (facts: Facts, rule: Rule) => SignalReading[];

const one = (value: number | null, text: string): SignalReading[] => [{ subject: '', value, text }];
const secondsSince = ({ view }: Facts, at: Date): number => (view.at.getTime() - at.getTime()) / 1_000;

/** Fewer reads, answers or tries say nothing about a share. */
const LEAST = { reads: 200, answers: 200, failed_syncs: 3, calls: 5, bad_minutes: 20 };
const CERTIFICATE_DAY_MS = 86_400_000;

/** TDSPs that serve any city of that tier, measured by what such a city is promised. */
const planAge: Signal = ({ view, promises }, { tier }) =>
  view.tdsps.flatMap(({ duns, name, age_seconds }): SignalReading[] => {
    const promise = promises.get(duns)?.find((one) => one.tier === tier);
    if (!promise) return [];
    if (age_seconds === null) return [{ subject: name, value: null, text: 'never published' }];
    const { target_hours } = promise;
    return [
      {
        subject: name,
        value: age_seconds / 3_600 / target_hours,
        text: `${spanText(age_seconds)} old, promised within ${limitText(target_hours * 3_600)}`,
      },
    ];
  });

const burn =
  (burns: (facts: Facts) => readonly Burn[]): Signal =>
  (facts) =>
    burns(facts).map(({ duns, pairs }) => {
      const name = facts.view.tdsps.find((tdsp) => tdsp.duns === duns)?.name ?? duns;
      const rates = pairs.map(({ long, short, bad_minutes }) =>
        bad_minutes < LEAST.bad_minutes ? 0 : Math.min(long, short),
      );
      const bad = Math.max(...pairs.map(({ bad_minutes }) => bad_minutes));
      const value = Math.max(...rates);
      return {
        subject: name,
        value,
        text: `${plural(bad, 'minute')} past the promised age; the budget is used up ${value.toFixed(1)} times as fast as it may`,
      };
    });

const circuitOpen: Signal = (facts) => {
  const { upstream, at } = facts.view;
  const { opened_at, open_until, failures, source, last_call } = upstream;
  if (open_until === null) return one(0, `${source} answers`);
  // Counted as open until a call went well: between two openings it only waits for its next trial.
  const seconds = opened_at === null ? 1 : Math.max(1, secondsSince(facts, opened_at));
  const why = last_call?.error ? `: ${last_call.error}` : '';
  return one(
    seconds,
    `${source} failed ${failures} times in a row${why}; the next trial at ${timeText(open_until, at)}`,
  );
};

const keyRefused: Signal = ({ view: { upstream } }) => {
  const { last_call, source } = upstream;
  const isRefused = last_call?.status === 401 || last_call?.status === 403;
  return one(
    isRefused ? 1 : 0,
    isRefused ? `${source} answered ${last_call.status}` : `${source} takes the key`,
  );
};

const budgetShare: Signal = ({ view: { upstream } }) => {
  const { calls_last_hour, budget_per_hour } = upstream;
  return one(calls_last_hour / budget_per_hour, `${calls_last_hour} of ${budget_per_hour} calls this hour`);
};

const certificateDays: Signal = ({ view: { upstream, at } }) => {
  const { certificate_ends_at, source } = upstream;
  if (certificate_ends_at === null) return [];
  const days = (certificate_ends_at.getTime() - at.getTime()) / CERTIFICATE_DAY_MS;
  return one(days, `the certificate of ${source} ends ${certificate_ends_at.toISOString().slice(0, 10)}`);
};

const fieldsChanged: Signal = ({ drift }) =>
  one(
    drift.length,
    drift.length === 0 ? 'as before' : drift.map(({ source, field }) => `${source} ${field}`).join(', '),
  );

const unknownTdu: Signal = ({ view }) => {
  const names = new Map<string, number>();
  for (const { last_result } of view.tdsps) {
    for (const [name, records] of Object.entries(last_result?.unknown_names ?? {})) {
      names.set(name, (names.get(name) ?? 0) + records);
    }
  }
  return [...names].map(([name, records]) => ({
    subject: name,
    value: records,
    text: `${plural(records, 'record')} of a wires company nobody knows here, counted with the set it left`,
  }));
};

/** A field that names a place finer than a TDSP. */
const PLACE_FIELD = /^\+.*(zip|postal|city|cities|county|counties|zone|region)/i;

/** One plan set per TDSP is right only while no plan is sold by ZIP code (docs/decisions/0001). */
const plansByPlace: Signal = ({ drift, repeated, view }) => {
  const fields = drift.filter(({ field }) => PLACE_FIELD.test(field));
  const nameOf = (duns: string) => view.tdsps.find((tdsp) => tdsp.duns === duns)?.name ?? duns;
  return [
    {
      subject: 'fields',
      value: fields.length > 0 ? 1 : 0,
      text:
        fields.length > 0
          ? `the upstream names places now: ${fields.map(({ field }) => field).join(', ')}`
          : 'no field names a place',
    },
    ...repeated.map(({ tdsp_duns, plans, repeated: times }) => ({
      subject: nameOf(tdsp_duns),
      value: plans === 0 ? null : times / plans,
      text: `${times} of ${plural(plans, 'plan')} are there more than once at different rates`,
    })),
  ];
};

const refreshFellBack: Signal = ({ view: { refresh } }) =>
  hasFallenBack(refresh)
    ? one(1, `auto uses ${refresh.in_use} looks: ${refresh.reason}`)
    : one(0, `the strategy ${refresh.strategy} does what it is set to`);

const syncFailures: Signal = ({ hour: { attempts } }) => {
  // A snapshot that is held back has an alert of its own.
  const failed = attempts.failed - attempts.held;
  const all = failed + attempts.succeeded;
  // One call for the whole state that fails and is repaired by the next wakes nobody.
  const share = attempts.failed_jobs < LEAST.failed_syncs ? 0 : failed / all;
  return one(all === 0 ? null : share, `${failed} of ${plural(all, 'try', 'tries')} failed within the hour`);
};

const held: Signal = ({ view }) =>
  view.tdsps.map(({ name, held_because }) => ({
    subject: name,
    value: held_because === null ? 0 : 1,
    text: held_because ?? 'passed',
  }));

const rejectedShare: Signal = ({ view }) =>
  view.tdsps.map(({ name, last_result }) => {
    const { seen = 0, rejected = 0 } = last_result?.plans ?? {};
    const all = seen + rejected;
    return {
      subject: name,
      value: all === 0 ? null : rejected / all,
      text: `${rejected} of ${plural(all, 'record')} could not be read`,
    };
  });

const deadLetters: Signal = ({ view: { dead_letters } }) => {
  const names = dead_letters.flatMap((letter) => letter.names);
  return one(names.length, names.length === 0 ? 'none' : `gave up on ${names.join(', ')}`);
};

const queueWait: Signal = (facts) => {
  const { queue, at, control } = facts.view;
  const due = queue.waiting.filter(({ not_before }) => not_before === null || not_before <= at);
  if (control.state !== 'running' || due.length === 0) return one(0, 'nothing waits');
  const waits = due.map(({ not_before, requested_at }) => secondsSince(facts, not_before ?? requested_at));
  const longest = Math.max(...waits);
  return one(longest, `${plural(due.length, 'TDSP')} wait, the longest for ${spanText(longest)}`);
};

/** The scheduler reads the clock every 15 s, and a restart takes a moment. */
const schedulerSilent: Signal = (facts) => {
  const { schedules, clock_read_at, workers } = facts.view;
  if (schedules === null || schedules.length === 0) return one(0, 'nothing is scheduled');
  const keepers = workers.filter(({ state, roles }) => state === 'alive' && roles.includes('scheduler'));
  const seconds = clock_read_at === null ? null : Math.max(0, secondsSince(facts, clock_read_at));
  const last = seconds === null ? 'never' : `${spanText(seconds)} ago`;
  return one(
    seconds,
    `${plural(keepers.length, 'process', 'processes')} with the role scheduler; the clock was read ${last}`,
  );
};

const stoppedFor: Signal = (facts) => {
  const { state, changed_at, changed_by, reason } = facts.view.control;
  if (state === 'running') return one(0, 'syncing is on');
  const seconds = secondsSince(facts, changed_at);
  const text = `${state} since ${spanText(seconds)} by ${changed_by}${reason ? `: ${reason}` : ''}`;
  // An emergency is known to the operator who declared it, and forgotten just as easily.
  return one(seconds, text);
};

const hitRate: Signal = ({ quarter }) => {
  const { hits = 0, misses = 0 } = quarter.layers.memory ?? {};
  const reads = hits + misses;
  const rate = reads < LEAST.reads ? null : overallHitRate(quarter);
  return one(
    rate,
    `${percentText(rate)} of ${plural(reads, 'read')} within 15 minutes were answered without the upstream`,
  );
};

const cachedP99: Signal = ({ quarter }) => {
  const answers = answersOf(quarter, 'cached');
  if (!answers || answers.answers < LEAST.answers) return one(null, 'too few answers to tell');
  const ms = latencyAt(answers.latency, 0.99);
  return one(ms, `99 of 100 of ${plural(answers.answers, 'cached answer')} took up to ${ms} ms`);
};

const failedAnswers: Signal = ({ quarter }) => {
  const all = Object.values(quarter.answers);
  const answers = all.reduce((sum, one) => sum + one.answers, 0);
  const failed = all.reduce((sum, one) => sum + one.failed, 0);
  const share = answers < LEAST.answers ? null : failed / answers;
  return one(
    share,
    `${failed} of ${plural(answers, 'answer')} within 15 minutes had a status of 500 and above`,
  );
};

/** Named where it is slow: of all others one reading, so that a rule that fired can clear. */
const queryMean: Signal = ({ queries }) =>
  queries
    .filter(({ calls }) => calls >= LEAST.calls)
    .map(({ name, mean_ms, calls }) => ({
      subject: name,
      value: mean_ms,
      text: `${Math.round(mean_ms)} ms on average over ${plural(calls, 'call')} within ten minutes`,
    }));

const diskUsed: Signal = ({ disk }) => {
  if (disk === null) return [];
  const { total_bytes, free_bytes } = disk;
  const share = 1 - free_bytes / Math.max(1, total_bytes);
  return one(share, `${percentText(share)} of the disk of the database is used`);
};

const replicaLag: Signal = ({ replication }) =>
  (replication?.replicas ?? []).map(({ name, lag_seconds, state }) => ({
    subject: name,
    value: lag_seconds ?? 0,
    text: `${state}, ${spanText(lag_seconds ?? 0)} behind`,
  }));

const redisAway: Signal = ({ redis }) => {
  if (redis === null) return [];
  return 'error' in redis ? one(1, redis.error) : one(0, `answers in ${Math.ceil(redis.ms)} ms`);
};

const processName = ({ host, pid }: { host: string; pid: number }): string => `process ${pid} on ${host}`;

const processSilent: Signal = (facts) =>
  facts.view.workers
    .filter(({ state, roles }) => state !== 'dead' && !roles.includes('command'))
    .map((worker) => {
      const seconds = Math.max(0, secondsSince(facts, worker.seen_at));
      return {
        subject: processName(worker),
        value: worker.state === 'silent' ? seconds : 0,
        text: `last seen ${spanText(seconds)} ago, and its connection is still open: it is frozen`,
      };
    });

/** Told by the process itself with its vitals, by its own clock. */
const loopSilent: Signal = ({ view }) =>
  view.workers
    .filter(({ state, vitals }) => state === 'alive' && vitals !== null)
    .map((worker) => {
      const missed = Object.entries(worker.vitals!.loops).map(([name, { late_ms, every_ms }]) => ({
        name,
        rounds: late_ms / every_ms,
      }));
      const last = missed.toSorted((a, b) => b.rounds - a.rounds)[0];
      return {
        subject: processName(worker),
        value: last?.rounds ?? 0,
        text: last ? `${last.name} has missed ${plural(Math.floor(last.rounds), 'round')}` : 'all go round',
      };
    });

const loopLag: Signal = ({ view }) =>
  view.workers
    .filter(({ state, vitals }) => state === 'alive' && vitals !== null)
    .map((worker) => ({
      subject: processName(worker),
      value: worker.vitals!.loop_lag_ms,
      text: `99 of 100 turns of its event loop were held up for up to ${Math.round(worker.vitals!.loop_lag_ms)} ms`,
    }));

const clockSkew: Signal = ({ view }) =>
  view.workers
    .filter(({ state, clock_ahead_ms }) => state === 'alive' && clock_ahead_ms !== null)
    .map((worker) => {
      const seconds = worker.clock_ahead_ms! / 1_000;
      const where = seconds > 0 ? 'ahead of' : 'behind';
      return {
        subject: processName(worker),
        value: Math.abs(seconds),
        text: `its clock is ${Math.abs(seconds).toFixed(1)} s ${where} that of PostgreSQL`,
      };
    });

const channelFailing: Signal = ({ channels }) =>
  channels.map(({ channel, last_state, last_error, failing }) => {
    const isFailing = last_state !== 'delivered' && last_error !== null;
    return {
      subject: channel,
      value: isFailing ? Math.max(1, failing) : 0,
      text: isFailing ? `${channel} does not deliver: ${last_error}` : `${channel} delivers`,
    };
  });

/** One reading for all: whom it is about is in its text, so that a receiver that is removed resolves it. */
const webhooksDisabled: Signal = ({ disabledWebhooks: disabled }) =>
  one(
    disabled.length,
    disabled.length === 0
      ? 'all that are active are told'
      : disabled.map(({ name, why_disabled }) => `${name}: ${why_disabled}`).join('; '),
  );

export const SIGNALS_OF: Record<Exclude<SignalName, 'postgres_away'>, Signal> = {
  plan_age: planAge,
  freshness_burn_fast: burn(({ burnFast }) => burnFast),
  freshness_burn_slow: burn(({ burnSlow }) => burnSlow),
  circuit_open: circuitOpen,
  key_refused: keyRefused,
  calls_last_hour: ({ view: { upstream } }) =>
    one(upstream.calls_last_hour, `${upstream.calls_last_hour} calls of ${upstream.source} within the hour`),
  budget_share: budgetShare,
  certificate_days: certificateDays,
  fields_changed: fieldsChanged,
  unknown_tdu: unknownTdu,
  plans_by_place: plansByPlace,
  refresh_fell_back: refreshFellBack,
  sync_failures: syncFailures,
  held,
  rejected_share: rejectedShare,
  dead_letters: deadLetters,
  queue_wait: queueWait,
  scheduler_silent: schedulerSilent,
  stopped_for: stoppedFor,
  hit_rate: hitRate,
  cached_p99: cachedP99,
  failed_answers: failedAnswers,
  query_mean: queryMean,
  disk_used: diskUsed,
  replica_lag: replicaLag,
  redis_away: redisAway,
  process_silent: processSilent,
  loop_silent: loopSilent,
  loop_lag: loopLag,
  clock_skew: clockSkew,
  channel_failing: channelFailing,
  webhooks_disabled: webhooksDisabled,
};
