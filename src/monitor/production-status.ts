/** One verdict for each subsystem, made of the findings of the doctor, the alerts and the targets. */

import type { Config } from '../config.ts';
import { describeError } from '../errors.ts';
import { readObserver } from '../store/observation/observer-lease.ts';
import type { Database } from '../store/postgres/database.ts';
import { readDatabaseTime, readWorkers } from '../store/queue/sync-workers.ts';
import { firing, listAlerts } from './alerts/list-alerts.ts';
import type { Rules } from './alerts/rules.ts';
import { examine } from './doctor.ts';
import { readPeriods } from './figures/period-figures.ts';
import { readTargets, targetText } from './figures/targets.ts';
import { bad, type Finding, ok, problems, unknown, warn, worst } from './finding.ts';
import { plural, spanText } from './text.ts';

/** What each subsystem is judged by: the checks of the doctor. */
const SUBSYSTEMS: Record<string, readonly string[]> = {
  plans: ['plans', 'held', 'records', 'settings'],
  upstream: ['upstream', 'fields'],
  syncing: ['syncing', 'control', 'queue', 'claims', 'runs', 'dead_letters', 'scheduler', 'schedules'],
  cache: ['cache', 'redis'],
  database: ['database', 'migrations', 'plan_key', 'queue_schema', 'disk'],
  processes: ['processes', 'clocks'],
  alerts: ['alerts', 'observer'],
  targets: ['targets'],
};

interface Subsystem {
  name: string;
  verdict: Finding['verdict'];
  /** The worst that was found, or what is fine. */
  reading: string;
  advice: string | null;
  /** The one command to run next; `null` where nothing is to be done. */
  command: string | null;
  findings: Finding[];
}

export interface ProductionStatus {
  verdict: 'ok' | 'warn' | 'bad';
  /** One sentence: do shoppers get fresh data, and if not, why? */
  headline: string;
  subsystems: Subsystem[];
}

/** Never throws: what cannot be looked at is a finding. */
export async function readProductionStatus(
  database: Database,
  config: Config,
  rules: Rules,
): Promise<ProductionStatus> {
  const findings = await examine(database, config);
  const more = await Promise.all([
    look('alerts', () => alertFindings(database, rules)),
    look('targets', () => targetFindings(database)),
    look('processes', () => processFindings(database)),
  ]);
  return summarise([...findings, ...more.flat()]);
}

async function look(check: string, at: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await at();
  } catch (error) {
    return [unknown(check, `could not be looked at: ${describeError(error)}`)];
  }
}

async function alertFindings({ pool }: Database, rules: Rules): Promise<Finding[]> {
  const { alerts, at } = await listAlerts(pool, rules);
  const { is_held, evaluated_at } = await readObserver(pool);
  const firingNow = firing(alerts);
  const watch =
    is_held && evaluated_at
      ? ok('observer', `evaluated ${spanText((at.getTime() - evaluated_at.getTime()) / 1_000)} ago`)
      : bad('observer', 'Nobody evaluates the alerts', 'Start the program', 'npm start');
  if (firingNow.length === 0)
    return [ok('alerts', `none of ${plural(rules.rules.length, 'rule')} fires`), watch];
  const pages = firingNow.filter(({ severity }) => severity === 'page');
  const names = firingNow.map(({ title, subject }) => (subject === '' ? title : `${title}: ${subject}`));
  const find = pages.length > 0 ? bad : warn;
  const advice = `See ${firingNow[0]!.runbook}`;
  return [find('alerts', `Firing: ${names.join('; ')}`, advice, 'npm run alerts'), watch];
}

async function targetFindings({ pool }: Database): Promise<Finding[]> {
  const at = await readDatabaseTime(pool);
  const targets = readTargets(await readPeriods(pool, at));
  const missed = targets.filter(({ verdicts }) => verdicts.hour === 'missed' || verdicts.day === 'missed');
  if (missed.length === 0) {
    const counted = targets.filter(({ verdicts }) => verdicts.day !== 'unknown').length;
    return [ok('targets', `${counted} of ${targets.length} counted, all of them kept within the day`)];
  }
  const texts = missed.map(
    ({ title, unit, values, required }) =>
      `${title} ${targetText(unit, values.hour ?? values.day)} (required ${targetText(unit, required)})`,
  );
  return [
    warn(
      'targets',
      `Missed: ${texts.join('; ')}`,
      'See over which time, and what goes with it',
      'npm run monitor:metrics',
    ),
  ];
}

async function processFindings({ pool }: Database): Promise<Finding[]> {
  const workers = await readWorkers(pool);
  const alive = workers.filter(({ state, roles }) => state === 'alive' && !roles.includes('command'));
  const silent = workers.filter(({ state }) => state === 'silent');
  if (silent.length > 0) {
    const { pid, host } = silent[0]!;
    return [
      bad('processes', `Process ${pid} on ${host} does not answer`, 'It is frozen: end it', `kill -9 ${pid}`),
    ];
  }
  const missing = (['web', 'worker', 'scheduler'] as const).filter(
    (role) => !alive.some(({ roles }) => roles.includes(role)),
  );
  if (missing.length > 0) {
    const reading = `No process has the role ${missing.join(', ')}`;
    return [
      bad(
        'processes',
        reading,
        'Start one',
        missing.length === 3 ? 'npm start' : `npx wattsync start --role ${missing.join(',')}`,
      ),
    ];
  }
  const versions = new Set(alive.flatMap(({ version }) => version ?? []));
  const several = versions.size > 1 ? `, of versions ${[...versions].join(' and ')}` : '';
  return [ok('processes', `${plural(alive.length, 'process', 'processes')} alive${several}`)];
}

function summarise(findings: readonly Finding[]): ProductionStatus {
  const subsystems = Object.entries(SUBSYSTEMS).flatMap(([name, checks]): Subsystem[] => {
    const own = checks.flatMap((name) => findings.filter(({ check }) => check === name));
    if (own.length === 0) return [];
    const [first] = problems(own);
    const unread = own.find(({ verdict }) => verdict === 'unknown');
    const shown = first ?? unread ?? own[0]!;
    const verdict = first ? worst(own) : unread ? 'unknown' : 'ok';
    const { reading, advice, command } = shown;
    return [{ name, verdict, reading, advice, command, findings: own }];
  });
  const verdict = worst(subsystems);
  return { verdict, headline: headlineOf(subsystems, verdict), subsystems };
}

function headlineOf(subsystems: readonly Subsystem[], verdict: ProductionStatus['verdict']): string {
  const plans = subsystems.find(({ name }) => name === 'plans');
  const others = subsystems.filter((one) => one !== plans && one.verdict === 'bad').map(({ name }) => name);
  if (!plans) return 'Nothing is known of the plans: the database cannot be asked.';
  if (plans.verdict === 'bad') {
    const why = others.length > 0 ? ` Look at: ${others.join(', ')}.` : '';
    return `Shoppers do NOT get fresh plans. ${plans.reading}.${why}`;
  }
  if (verdict === 'ok') return 'Shoppers get fresh plans. Nothing needs a hand.';
  const shoppers =
    plans.verdict === 'warn'
      ? 'Shoppers are served, not all as fresh as promised.'
      : 'Shoppers get fresh plans.';
  const hand = subsystems
    .filter((one) => one.verdict === 'bad' || one.verdict === 'warn')
    .map(({ name }) => name);
  return `${shoppers} Needs a hand: ${hand.join(', ')}.`;
}
