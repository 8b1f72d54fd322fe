/** What is asked about the past, each time of another offer, TDSP or provider: the statements behind the API. */

import { addDays, marketDay } from '../src/plan/market-day.ts';
import { beginningOf, readMarketChanges } from '../src/store/market/changes.ts';
import {
  countOfferEvents,
  type OfferPast,
  readOfferEvents,
  readOfferId,
  readOfferPast,
  readPriceEvents,
} from '../src/store/market/offer-history.ts';
import { readProviderActivity, readProviderMarkets } from '../src/store/market/providers.ts';
import { readRateIndex } from '../src/store/market/rate-index.ts';
import type { Queryable } from '../src/store/postgres/database.ts';
import { type InventedMarket, inventedDuns } from './invent-history.ts';

export interface HistoryQuestion {
  what: string;
  ask(): Promise<readonly unknown[] | null>;
}

/** What everything else is to be seen beside: a statement that does nothing. */
export const ROUND_TRIP = 'nothing: `select 1`';
/** How many offers are asked about. */
const OFFERS = 400;

export async function historyQuestions(
  queryable: Queryable,
  market: InventedMarket,
): Promise<HistoryQuestion[]> {
  const pick = (count: number) => Math.floor(Math.random() * count);
  const { rows: offers } = await queryable.query<{ id: string }>(
    "select id from offers where tdsp_duns like '99%' order by random() limit $1",
    [OFFERS],
  );
  const pasts: OfferPast[] = [];
  for (const { id } of offers) pasts.push((await readOfferPast(queryable, id))!);
  const offer = () => pasts[pick(pasts.length)]!;
  const duns = () => inventedDuns(1 + pick(market.tdsps));
  const today = marketDay(new Date());
  const days = (count: number) => ({ from: addDays(today, 1 - count), to: today });
  const index = (range: object, more: object = {}) =>
    readRateIndex(queryable, {
      tdsp_duns: duns(),
      ...days(30),
      by: 'day',
      term: 'all',
      rate_type: 'all',
      usage: 1000,
      ...range,
      ...more,
    });
  const changes = async (version: number, limit: number) => {
    const page = await readMarketChanges(queryable, duns(), { from: beginningOf(version), limit });
    return page!.changes;
  };
  const month = () => new Date(Date.now() - pick(market.days - 31) * 86_400_000);
  const questions: [what: string, ask: HistoryQuestion['ask']][] = [
    [ROUND_TRIP, async () => (await queryable.query('select 1')).rows],
    ['which offer an id means', async () => [await readOfferId(queryable, offer().offer_id)]],
    ['how an offer stands', async () => [await readOfferPast(queryable, offer().offer_id)]],
    [
      'what happened to an offer, newest 200',
      () => readOfferEvents(queryable, offer(), { before: null, limit: 200 }),
    ],
    [
      'what happened to it before a year ago',
      () =>
        readOfferEvents(queryable, offer(), { before: new Date(Date.now() - 365 * 86_400_000), limit: 200 }),
    ],
    ['how many events it has', async () => [await countOfferEvents(queryable, offer())]],
    [
      'its prices of 90 days',
      () => readPriceEvents(queryable, offer().offer_id, new Date(Date.now() - 90 * 86_400_000)),
    ],
    ['rate index, 30 days', () => index({})],
    ['rate index, one term, 365 days', () => index(days(365), { term: '12', rate_type: 'fixed' })],
    ['rate index, two years by month', () => index(days(730), { by: 'month' })],
    ['changes since the last version', () => changes(market.days, 100)],
    ['changes since a week ago', () => changes(market.days - 7, 100)],
    ['changes from the first version on', () => changes(1, 100)],
    ['changes of some days, the largest page', () => changes(2 + pick(market.days - 10), 300)],
    [
      'a provider’s plans by TDSP',
      () => readProviderMarkets(queryable, `provider-${1 + pick(market.providers)}`, 1000),
    ],
    [
      'a provider’s 30 and 90 days',
      () =>
        readProviderActivity(queryable, `provider-${1 + pick(market.providers)}`, {
          days: [30, 90],
          now: new Date(),
        }),
    ],
    [
      'one TDSP’s history rows of 31 days',
      async () => {
        const from = month();
        const { rows } = await queryable.query(
          'select count(*) from plan_price_history where tdsp_duns = $1 and changed_at >= $2 and changed_at < $3',
          [duns(), from, new Date(from.getTime() + 31 * 86_400_000)],
        );
        return rows;
      },
    ],
  ];
  return questions.map(([what, ask]) => ({ what, ask }));
}
