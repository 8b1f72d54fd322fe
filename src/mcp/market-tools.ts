/** The market over time, and how fresh all of it is. */

import { z } from 'zod';
import { flag, number, orNull, record, text, tool } from './tool.ts';

const MOST_EVENTS = 50;

export const marketHistory = tool(
  {
    name: 'market_history',
    description:
      'Rates of a TDSP over time in cents per kWh at a usage: how many plans, lowest, median, average of each day, week or month. Null: not known.',
    input: z.object({
      tdsp: text.describe('DUNS, or a code such as ONCOR'),
      from: text.optional().describe('YYYY-MM-DD'),
      to: text.optional(),
      by: z.enum(['day', 'week', 'month']).optional(),
      term_months: z.int().min(1).max(120).optional(),
      usage: z.literal([500, 1000, 2000]).optional(),
    }),
    output: z.object({ source: text, notice: text.optional(), usage_kwh: number, buckets: z.array(record) }),
  },
  async (client, { tdsp, term_months, ...rest }) => {
    const { data, meta } = await client.getMarketIndex({
      duns: tdsp,
      ...rest,
      ...(term_months !== undefined && { term: term_months }),
    });
    const { upstream, notice, usage_kwh } = meta;
    return {
      source: upstream,
      ...(notice && { notice }),
      usage_kwh,
      buckets: data.map((one) => ({
        from: one.from,
        to: one.to,
        plans: one.plans,
        lowest: one.min_rate_cents_per_kwh,
        median: one.median_rate_cents_per_kwh,
        average: one.average_rate_cents_per_kwh,
      })),
    };
  },
);

export const changes = tool(
  {
    name: 'changes',
    description:
      'What happened in the market, oldest first: offers listed, re-priced, withdrawn, new delivery charges, each with its cause. Go on with next_since.',
    input: z.object({
      since: text.optional().describe('A seq, or a time with its zone; the last 24 hours if left out'),
      tdsp: text.optional(),
      provider: text.optional().describe('Id'),
      min_change: number.optional().describe('Cents per kWh'),
      limit: z.int().min(1).max(MOST_EVENTS).optional(),
    }),
    output: z.object({ notice: text.optional(), events: z.array(record), next_since: text, has_more: flag }),
  },
  async (client, { tdsp, limit = 20, ...rest }) => {
    const { data, meta, links } = await client.listEvents({ ...rest, limit, ...(tdsp && { tdsp: [tdsp] }) });
    const next = new URL(links.next, 'http://localhost').searchParams.get('since')!;
    return {
      ...(meta.notice && { notice: meta.notice }),
      events: data.map(
        ({ seq, event, cause, at, tdsp_duns, plan_id, provider, name, term_months, ...more }) => ({
          seq,
          event,
          cause,
          at,
          tdsp_duns,
          plan_id,
          provider: provider?.name ?? null,
          name,
          term_months,
          rate_change_cents_per_kwh: more.rate_change_cents_per_kwh,
          changes: more.changes,
          year_costs: more.year_costs,
          details: more.details,
        }),
      ),
      next_since: next,
      has_more: meta.has_more,
    };
  },
);

export const freshness = tool(
  {
    name: 'freshness',
    description: 'When the plans of each TDSP were last confirmed by their source, and how many there are.',
    input: z.object({}),
    output: z.object({
      tdsps: z.array(
        z.object({
          duns: text,
          name: text,
          as_of: orNull(text),
          age_seconds: orNull(number),
          source: orNull(text),
          plans: orNull(number),
          version: orNull(number),
        }),
      ),
    }),
  },
  async (client) => {
    const { data } = await client.listTdsps();
    return {
      tdsps: data.map(({ duns, short_name, as_of, upstream, active_plans, version }) => ({
        duns,
        name: short_name,
        as_of,
        age_seconds:
          as_of === null ? null : Math.max(0, Math.round((Date.now() - Date.parse(as_of)) / 1_000)),
        source: upstream,
        plans: active_plans,
        version,
      })),
    };
  },
);

export const syncTool = tool(
  {
    name: 'sync',
    description:
      'For operators: ask for a sync, stop all syncing, or let it go on. Written to the audit log.',
    isForOperators: true,
    input: z.object({
      order: z.enum(['priority', 'full', 'city', 'stop', 'resume']),
      cities: z.array(text).optional().describe('With city'),
      reason: text.optional(),
    }),
    output: z.object({ run_id: number.optional(), state: text.optional() }),
  },
  async (client, { order, cities, reason }) => {
    const body = { ...(reason && { reason }) };
    if (order === 'stop') return { state: (await client.stopSync({ body })).state };
    if (order === 'resume') return { state: (await client.resumeSync({ body })).state };
    const { run_id } = await client.startSync({ body: { kind: order, ...(cities && { cities }) } });
    return { run_id };
  },
);

export const runTool = tool(
  {
    name: 'run',
    description: 'For operators: what became of a run of syncs, TDSP by TDSP.',
    isForOperators: true,
    input: z.object({
      run_id: z
        .int()
        .min(1)
        .max(2 ** 31),
    }),
    output: z.object({ status: text, run: record }),
  },
  async (client, { run_id }) => {
    const { data } = await client.getRun({ id: run_id });
    return { status: data.status, run: { ...data } };
  },
);
