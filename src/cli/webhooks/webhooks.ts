/** `webhooks`: who is told what happens in the market, and how that goes. */

import { userInfo } from 'node:os';
import { expected } from '../../errors.ts';
import {
  pauseHook,
  putHook,
  removeHook,
  replayHook,
  resumeHook,
  rotateHook,
  testHook,
  type WebhookOrders,
} from '../../events/webhook-orders.ts';
import { spanText, timeText } from '../../monitor/text.ts';
import { EVENT_KINDS, type EventKind } from '../../plan/events/market-event.ts';
import { Sealer } from '../../seal.ts';
import { type EventFilter, readLogEnds } from '../../store/events/event-log.ts';
import { readDeliveries, readWebhooks, type Webhook } from '../../store/events/webhooks.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { readTerritory } from '../../store/territory.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { table } from '../table.ts';
import { UsageError } from '../usage-error.ts';

const POOL_CONNECTIONS = 2;
const SHOWN = 10;
const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

interface AddOptions {
  event: string[];
  tdsp: string[];
  provider?: string;
  offer?: string;
  minChange?: number;
  plans?: boolean;
}

const withOrders = (
  context: CommandContext,
  work: (orders: WebhookOrders, sealer: Sealer) => Promise<number>,
): Promise<number> =>
  withStore(context, POOL_CONNECTIONS, ({ pool }) => {
    const sealer = new Sealer(context.config.secretsKey?.reveal() ?? null);
    return work({ database: pool, sealer, by: `cli:${userInfo().username}` }, sealer);
  });

export function webhooksList(context: CommandContext): Promise<number> {
  return withOrders(context, async ({ database }, { hasKey }) => {
    const hooks = await readWebhooks(database);
    const { last } = await readLogEnds(database);
    const now = await readDatabaseTime(database);
    const found = hooks.map((hook) => summaryOf(hook, last));
    const isFine = hooks.every(({ state }) => state !== 'disabled');
    const describe = () => {
      if (hooks.length === 0)
        return 'Nobody is told by webhook. Add one: npx wattsync webhooks add <name> <url>';
      const rows = hooks.map((hook) => [
        hook.name,
        new URL(hook.url).host,
        hook.state,
        String(hook.seq),
        String(Math.max(0, last - hook.seq)),
        troubleOf(hook, now),
      ]);
      return [
        ...table(['name', 'host', 'state', 'told up to', 'behind', ''], rows, { left: 3 }),
        ...hooks
          .filter(({ state }) => state === 'disabled')
          .map(
            ({ name, why_disabled }) =>
              `${name} is disabled: ${why_disabled}. Go on: npx wattsync webhooks resume ${name}`,
          ),
        ...(hasKey ? [] : ['Their secrets are stored as they are: set SECRETS_KEY to seal them.']),
      ].join('\n');
    };
    return answer(context, { last_seq: last, webhooks: found }, describe, isFine);
  });
}

export function webhooksAdd(
  context: CommandContext,
  name: string,
  url: string,
  options: AddOptions,
): Promise<number> {
  if (!NAME.test(name)) {
    throw new UsageError(expected('a name of lower-case letters, digits and hyphens, 40 at most', name));
  }
  const filter = filterOf(options);
  return withOrders(context, async (orders) => {
    const with_plans = options.plans ?? false;
    const { seq, secret } = await putHook(orders, { name, url, filter, with_plans });
    const describe = () =>
      [
        `${name} is told what happens after event ${seq}.`,
        secret === null
          ? 'It was there already: it keeps its place and its secret, and has the new address and filter.'
          : `Its secret, shown this once: ${secret}`,
        `Try it: npx wattsync webhooks test ${name}`,
      ].join('\n');
    return answer(context, { name, seq, secret }, describe);
  });
}

export function webhooksShow(context: CommandContext, name: string): Promise<number> {
  return withOrders(context, async ({ database }) => {
    const [hook] = await readWebhooks(database, name);
    if (!hook) return nothingThere(context, name);
    const { last } = await readLogEnds(database);
    const now = await readDatabaseTime(database);
    const deliveries = await readDeliveries(database, name, SHOWN);
    const { filter, with_plans, state, why_disabled, seq, created_at, created_by } = hook;
    const kept = Object.entries(filter).filter(([, value]) => value != null);
    const describe = () =>
      [
        `${name}: ${hook.url}`,
        `  ${state}${why_disabled ? `: ${why_disabled}` : ''}`,
        `  told up to ${seq} of ${last}${troubleOf(hook, now) && `, ${troubleOf(hook, now)}`}`,
        `  ${kept.length === 0 ? 'everything' : kept.map(([what, value]) => `${what} ${JSON.stringify(value)}`).join(', ')}, ${with_plans ? 'with plans' : 'without plans'}`,
        `  since ${timeText(created_at, now)} by ${created_by}`,
        ...deliveryLines(deliveries, now),
      ].join('\n');
    return answer(context, { ...summaryOf(hook, last), deliveries }, describe, state !== 'disabled');
  });
}

export function webhooksDeliveries(
  context: CommandContext,
  name: string,
  { limit = 50 }: { limit?: number },
): Promise<number> {
  return withOrders(context, async ({ database }) => {
    const [hook] = await readWebhooks(database, name);
    if (!hook) return nothingThere(context, name);
    const now = await readDatabaseTime(database);
    const deliveries = await readDeliveries(database, name, limit);
    return answer(context, { name, deliveries }, () => deliveryLines(deliveries, now).join('\n'));
  });
}

export function webhooksTest(context: CommandContext, name: string): Promise<number> {
  return withOrders(context, async (orders) => {
    const tested = await testHook(orders, name);
    if (!tested) return nothingThere(context, name);
    const { error, took_ms } = tested;
    const describe = () =>
      error === null ? `${name} took it in ${took_ms} ms.` : `${name} did not take it: ${error}`;
    return answer(context, { name, error, took_ms }, describe, error === null);
  });
}

export function webhooksRotate(context: CommandContext, name: string): Promise<number> {
  return withOrders(context, async (orders) => {
    const secret = await rotateHook(orders, name);
    if (secret === null) return nothingThere(context, name);
    const text = `The new secret of ${name}, shown this once: ${secret}\nFor a day the old one signs every message, too.`;
    return answer(context, { name, secret }, () => text);
  });
}

export function webhooksReplay(
  context: CommandContext,
  name: string,
  { since }: { since: number },
): Promise<number> {
  if (!Number.isSafeInteger(since))
    throw new UsageError(expected('--since with the seq of an event', String(since)));
  return done(context, name, `is told everything after event ${since} once more`, (orders) =>
    replayHook(orders, name, since),
  );
}

export const webhooksPause = (context: CommandContext, name: string): Promise<number> =>
  done(context, name, 'is told nothing until it is resumed', (orders) => pauseHook(orders, name));

export const webhooksResume = (context: CommandContext, name: string): Promise<number> =>
  done(context, name, 'is told everything since it was last told', (orders) => resumeHook(orders, name));

export const webhooksRemove = (context: CommandContext, name: string): Promise<number> =>
  done(context, name, 'is forgotten', (orders) => removeHook(orders, name));

function done(
  context: CommandContext,
  name: string,
  what: string,
  order: (orders: WebhookOrders) => Promise<boolean>,
): Promise<number> {
  return withOrders(context, async (orders) =>
    (await order(orders))
      ? answer(context, { name, done: what }, () => `${name} ${what}.`)
      : nothingThere(context, name),
  );
}

function nothingThere(context: CommandContext, name: string): number {
  const message = `There is no webhook "${name}". See: npx wattsync webhooks list`;
  return answer(context, { name, message }, () => message, false);
}

function filterOf({ event, tdsp, provider, offer, minChange }: AddOptions): EventFilter {
  const territory = readTerritory();
  for (const kind of event) {
    if (!EVENT_KINDS.some((known) => known === kind)) {
      throw new UsageError(expected(`--event with one of ${EVENT_KINDS.join(', ')}`, kind));
    }
  }
  const tdsps = tdsp.map((one) => {
    const known = territory.tdsp(one);
    if (!known) throw new UsageError(expected(`--tdsp with one of ${territory.tdspList}`, one));
    return known.duns;
  });
  return {
    tdsps: tdsps.length > 0 ? tdsps : null,
    kinds: event.length > 0 ? (event as EventKind[]) : null,
    provider_id: provider ?? null,
    offer_id: offer ?? null,
    minChange: minChange ?? null,
  };
}

const summaryOf = (hook: Webhook, last: number) => ({
  name: hook.name,
  host: new URL(hook.url).host,
  state: hook.state,
  why_disabled: hook.why_disabled,
  seq: hook.seq,
  behind: Math.max(0, last - hook.seq),
  filter: hook.filter,
  include_plan: hook.with_plans,
  failures: hook.failures,
  failing_since: hook.failing_since,
  next_at: hook.next_at,
});

function troubleOf({ state, failures, failing_since, next_at }: Webhook, now: Date): string {
  if (failures === 0 || failing_since === null) return '';
  const at = timeText(failing_since, now);
  const since = failures === 1 ? `failed once, at ${at}` : `failed ${failures} times in a row, since ${at}`;
  const next = Math.max(0, (next_at.getTime() - now.getTime()) / 1_000);
  return state === 'active' ? `${since}, next try in ${spanText(next)}` : since;
}

type Deliveries = Awaited<ReturnType<typeof readDeliveries>>;

const deliveryLines = (deliveries: Deliveries, now: Date): string[] =>
  deliveries.length === 0
    ? ['Nothing was sent yet, or not within the days that tries are kept.']
    : deliveries.map(
        ({ at, message_id, took_ms, error }) =>
          `  ${timeText(at, now)}  ${message_id}  ${took_ms} ms  ${error ?? 'taken'}`,
      );
