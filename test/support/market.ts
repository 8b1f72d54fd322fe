/** A small market that lives for some days: what is sold at each moment is known, because the test decides it. */

import { seeded } from '../../bench/drafts.ts';
import { UNKNOWN } from '../../src/plan/fields.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { type Published, publish } from '../../src/sync/publish/publish.ts';

/** A plan of a provider, told by what matters here. */
export interface Sold {
  provider: string;
  name: string;
  term_months: number | null;
  rate_type: 'fixed' | 'variable';
  rates: { 500: number | null; 1000: number | null; 2000: number | null };
}

export function toDraft(
  tdsp_duns: string,
  { provider, name, term_months, rate_type, rates }: Sold,
): PlanDraft {
  return {
    ...UNKNOWN,
    external_id: `${provider}/${name}/${rates[1000]}`,
    tdsp_duns,
    provider: { name: provider, legal_name: null, puct_number: null, phone: null },
    name,
    term_months,
    rate_type,
    rates_cents_per_kwh: rates,
  };
}

/** Publishes as a sync does: a re-pricing brings a new upstream id, as ComparePower's do. */
export function publishSold(
  database: Database,
  tdsp_duns: string,
  sold: readonly Sold[],
  now: Date,
  source = 'sandbox',
): Promise<Published> {
  return publish(
    database,
    {
      tdsp_duns,
      source,
      origin: 'test',
      plans: sold.map((one) => toDraft(tdsp_duns, one)),
      rejected: [],
      observed_at: now,
      run_id: 1,
    },
    { now, cacheTtlMs: 7_200_000, passed_as: 'overridden' },
  );
}

const PRODUCTS: Omit<Sold, 'rates'>[] = ['Alpha Power', 'Beta Energy', 'Gamma Light'].flatMap((provider) =>
  ([1, 12, 12, 24, null] as const).map((term_months, at) => ({
    provider,
    name: `Plan ${at}`,
    term_months,
    rate_type: term_months === 1 ? ('variable' as const) : ('fixed' as const),
  })),
);

/** One market after the other, each a little different: plans come, go, come back and get other prices. */
export function markets(seed: number, count: number): Sold[][] {
  const random = seeded(seed);
  const ratesOf = () => {
    const tenths = Math.round(80 + random() * 120);
    return { 500: random() < 0.1 ? null : (tenths + 11) / 10, 1000: tenths / 10, 2000: (tenths - 7) / 10 };
  };
  const state = new Map(PRODUCTS.map((product) => [product, { isSold: random() < 0.6, rates: ratesOf() }]));
  return Array.from({ length: count }, () => {
    const sold = [...state].filter(([, { isSold }]) => isSold);
    const market = sold.map(([product, { rates }]) => ({ ...product, rates }));
    for (const one of state.values()) {
      if (random() < 0.15) one.isSold = !one.isSold;
      if (random() < 0.2) one.rates = ratesOf();
    }
    return market;
  });
}
