/** What an area is offered as a whole, from the materialised view. */

import type { RateType } from '../../plan/plan.ts';
import type { Queryable } from '../postgres/database.ts';

/** Cents per kWh; `null` where no plan tells its rate. */
interface RateSpread {
  min: number | null;
  median: number | null;
  average: number | null;
}

interface Segment {
  plans: number;
  rates_cents_per_kwh: { 500: RateSpread; 1000: RateSpread; 2000: RateSpread };
}

export interface Market extends Segment {
  providers: number;
  max_percent_green: number | null;
  /** At 1,000 kWh a month. */
  cheapest_plan_id: string | null;
  /** The cheapest of those with the most green; `null` where no plan tells how green it is. */
  greenest_plan_id: string | null;
  by_term: (Segment & { term_months: number | null })[];
  by_rate_type: (Segment & { rate_type: RateType | null })[];
}

/**
 * The markets of some areas, each the TDSPs that a city has, in their order; `null` before the first refresh after a
 * publish. An area of several TDSPs that no city has gets none.
 */
export async function readMarkets(
  queryable: Queryable,
  areas: readonly (readonly string[])[],
): Promise<(Market | null)[]> {
  type Row = { n: number; grouped_by: string } & Market &
    Pick<Market['by_term'][number], 'term_months'> &
    Pick<Market['by_rate_type'][number], 'rate_type'>;
  const spread = (kwh: number) =>
    `'${kwh}', json_build_object('min', min_rate_${kwh}kwh, 'median', median_rate_${kwh}kwh, 'average', avg_rate_${kwh}kwh)`;
  const { rows } = await queryable.query<Row>(
    `select area.n::int as n, grouped_by, term_months, rate_type, plans, providers, max_percent_green, cheapest_plan_id,
            greenest_plan_id, json_build_object(${[500, 1000, 2000].map(spread).join(', ')}) as rates_cents_per_kwh
       from jsonb_array_elements($1::jsonb) with ordinality as area (tdsps, n)
       join market_by_area m on m.tdsps = array(select jsonb_array_elements_text(area.tdsps))
      where grouped_by in ('nothing', 'term', 'rate_type')
      order by area.n, term_months, rate_type`,
    [JSON.stringify(areas)],
  );
  return areas.map((_, at) => {
    const own = rows.filter(({ n }) => n === at + 1);
    const whole = own.find((row) => row.grouped_by === 'nothing');
    if (!whole) return null;
    const { plans, providers, rates_cents_per_kwh, max_percent_green, cheapest_plan_id, greenest_plan_id } =
      whole;
    const segments = (grouped_by: string) => own.filter((row) => row.grouped_by === grouped_by);
    return {
      plans,
      providers,
      rates_cents_per_kwh,
      max_percent_green,
      cheapest_plan_id,
      greenest_plan_id,
      by_term: segments('term').map(({ term_months, plans, rates_cents_per_kwh }) => ({
        term_months,
        plans,
        rates_cents_per_kwh,
      })),
      by_rate_type: segments('rate_type').map(({ rate_type, plans, rates_cents_per_kwh }) => ({
        rate_type,
        plans,
        rates_cents_per_kwh,
      })),
    };
  });
}
