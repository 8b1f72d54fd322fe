/** A small market of real kinds of plans for the pages: straight lines, credits, hours, variable, prepaid, silent ones. */

import { UNKNOWN } from '../../src/plan/fields.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { allDuns } from '../support/support.ts';

interface Offered {
  provider: string;
  name: string;
  base: number;
  cents: number;
  more?: Partial<PlanDraft>;
  credit?: { usd: number; from: number };
}

const OFFERED: readonly Offered[] = [
  { provider: 'Alpha Power', name: 'Straight 12', base: 4.2, cents: 11.2 },
  {
    provider: 'Beta Energy',
    name: 'Green <b> 24',
    base: 9.95,
    cents: 11.9,
    more: { term_months: 24, percent_green: 100 },
  },
  {
    provider: 'Gamma Light',
    name: 'Credit Saver 12',
    base: 4.3,
    cents: 19.1,
    credit: { usd: 125, from: 1000 },
  },
  { provider: 'Gamma Light', name: 'Half Year 6', base: 4.2, cents: 10.8, more: { term_months: 6 } },
  {
    provider: 'Delta Electric',
    name: 'Free Nights 12',
    base: 4.2,
    cents: 10.1,
    more: { is_time_of_use: true },
  },
  {
    provider: 'Delta Electric',
    name: 'Month by Month',
    base: 4.2,
    cents: 10.5,
    more: { rate_type: 'variable', term_months: 1, early_termination_fee_usd: 0 },
  },
  {
    provider: 'Epsilon Prepaid',
    name: 'Pay First 12',
    base: 4.2,
    cents: 12.8,
    more: { is_prepaid: true, early_termination_fee_usd: null },
  },
];

/** So many more straight plans that a list is folded. */
const FILLERS = 40;

export function marketDrafts(tdsp_duns: string): PlanDraft[] {
  const fillers = Array.from(
    { length: FILLERS },
    (_, at): Offered => ({
      provider: `Filler ${at % 7} Energy`,
      name: `Filler ${at} 12`,
      base: 4 + (at % 5),
      cents: 12 + at / 10,
    }),
  );
  const drafts = [...OFFERED, ...fillers].map((one): PlanDraft => toDraft(tdsp_duns, one));
  const silent: PlanDraft = {
    ...toDraft(tdsp_duns, { provider: 'Zeta', name: 'Silent 12', base: 0, cents: 12 }),
    rates_cents_per_kwh: { 500: null, 1000: 12, 2000: null },
  };
  return [...drafts, silent];
}

function toDraft(tdsp_duns: string, { provider, name, base, cents, credit, more }: Offered): PlanDraft {
  const rate = (usage: number) => {
    const off = credit && usage >= credit.from ? credit.usd : 0;
    return Math.round(((base + (cents / 100) * usage - off) / usage) * 1000) / 10;
  };
  return {
    ...UNKNOWN,
    external_id: `${provider}/${name}`,
    tdsp_duns,
    provider: { name: provider, legal_name: null, puct_number: null, phone: null },
    name,
    term_months: 12,
    rate_type: 'fixed',
    percent_green: 15,
    rates_cents_per_kwh: { 500: rate(500), 1000: rate(1000), 2000: rate(2000) },
    early_termination_fee_usd: 150,
    is_prepaid: false,
    is_time_of_use: false,
    provider_rating: 3,
    fees_text: credit
      ? `A bill credit of $${credit.usd} is applied when usage is ${credit.from} kWh or more.`
      : null,
    documents: { efl: 'https://example.com/efl.pdf', tos: null, yrac: null },
    translations: {
      es: {
        name: `${name} (es)`,
        fees_text: null,
        special_terms: null,
        documents: { efl: 'https://example.com/efl-es.pdf', tos: null, yrac: null },
        enroll_url: null,
      },
    },
    ...more,
  };
}

/** Publishes the market to every TDSP, or what `change` makes of it. */
export async function publishMarket(
  database: Database,
  now: Date,
  change: (drafts: PlanDraft[]) => PlanDraft[] = (drafts) => drafts,
): Promise<void> {
  for (const tdsp_duns of allDuns) {
    const snapshot = {
      tdsp_duns,
      source: 'powertochoose',
      origin: 'test',
      plans: change(marketDrafts(tdsp_duns)),
      rejected: [],
      observed_at: now,
      run_id: 1,
    };
    await publish(database, snapshot, { now, cacheTtlMs: 7_200_000, passed_as: 'overridden' });
  }
}
