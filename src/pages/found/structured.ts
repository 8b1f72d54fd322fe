/** Facts of a page for programs, as schema.org says them: only what the page itself shows. */

import { type Html, html, trusted } from '../../html/html.ts';
import type { Plan } from '../../plan/plan.ts';
import { inLanguage } from '../language.ts';
import type { Ask } from '../page-parts.ts';

type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [name: string]: Json };

/** A script of data: nothing in it runs, and no text in it can end it. */
function jsonLd(data: Json): Html {
  const text = JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return html`<script type="application/ld+json">${trusted(text)}</script>`;
}

interface Crumb {
  name: string;
  /** In English, from `/` on. */
  path: string;
}

const addressOf = ({ parts, language }: Ask, path: string): string =>
  `${parts.publicUrl ?? ''}${inLanguage(language, path)}`;

/** Search engines take whole addresses only, so there is nothing to say where the outside address is not known. */
export function breadcrumbs(ask: Ask, crumbs: readonly Crumb[]): Html | null {
  if (ask.parts.publicUrl === null) return null;
  return jsonLd({
    '@context': 'https://schema.org',
    '@type': 'BreadcrumbList',
    itemListElement: crumbs.map(({ name, path }, at) => ({
      '@type': 'ListItem',
      position: at + 1,
      name,
      item: addressOf(ask, path),
    })),
  });
}

interface Offered {
  plan: Plan;
  /** Short name of the TDSP. */
  tdsp: string;
  /** The finding of the page. */
  description: string;
  /** Until when the price counts as confirmed. */
  confirmedUntil: Date;
}

/** A plan as a product with its published price at 1,000 kWh, and how long that is known to hold. */
export function productOf(ask: Ask, { plan, tdsp, description, confirmedUntil }: Offered): Html | null {
  const cents = plan.rates_cents_per_kwh[1000];
  if (ask.parts.publicUrl === null || cents === null) return null;
  const url = addressOf(ask, `/plans/${plan.id}`);
  return jsonLd({
    '@context': 'https://schema.org',
    '@type': 'Product',
    name: plan.name,
    sku: plan.offer_id,
    category: 'Retail electricity plan',
    description,
    url,
    image: `${ask.parts.publicUrl}${picturePath(ask, `/plans/${plan.id}`)}`,
    brand: { '@type': 'Brand', name: plan.provider.name },
    additionalProperty: [
      ...property('term', plan.term_months, 'MON'),
      ...property('renewable energy', plan.percent_green, 'P1'),
      ...property('early termination fee', plan.early_termination_fee_usd, 'USD'),
    ],
    offers: {
      '@type': 'Offer',
      url,
      priceCurrency: 'USD',
      price: round(cents * 10, 2),
      priceSpecification: {
        '@type': 'UnitPriceSpecification',
        priceCurrency: 'USD',
        price: round(cents / 100, 5),
        unitCode: 'KWH',
        referenceQuantity: { '@type': 'QuantitativeValue', value: 1000, unitCode: 'KWH' },
        validFrom: plan.last_changed_at,
        validThrough: confirmedUntil.toISOString(),
      },
      priceValidUntil: confirmedUntil.toISOString().slice(0, 10),
      availability: 'https://schema.org/InStock',
      areaServed: areaOf(tdsp),
      seller: { '@type': 'Organization', name: plan.provider.name },
    },
  });
}

interface OfferedTogether {
  /** The title of the page. */
  name: string;
  /** In English, from `/` on. */
  path: string;
  /** Short name of the TDSP. */
  tdsp: string;
  /** What a year costs in each plan of which that is known, in USD, ascending. */
  years_usd: readonly number[];
  /** The usage of that year. */
  year_kwh: number;
}

/** All plans of a place as one offer: what a year costs in the lowest and in the dearest of those that are known. */
export function aggregateOf(
  ask: Ask,
  { name, path, tdsp, years_usd, year_kwh }: OfferedTogether,
): Html | null {
  if (ask.parts.publicUrl === null || years_usd.length === 0) return null;
  const url = addressOf(ask, path);
  return jsonLd({
    '@context': 'https://schema.org',
    '@type': 'Product',
    name,
    category: 'Retail electricity plan',
    url,
    offers: {
      '@type': 'AggregateOffer',
      url,
      priceCurrency: 'USD',
      lowPrice: round(years_usd[0]!, 2),
      highPrice: round(years_usd.at(-1)!, 2),
      offerCount: years_usd.length,
      eligibleQuantity: { '@type': 'QuantitativeValue', value: year_kwh, unitCode: 'KWH' },
      availability: 'https://schema.org/InStock',
      areaServed: areaOf(tdsp),
    },
  });
}

const areaOf = (tdsp: string): Json => ({
  '@type': 'AdministrativeArea',
  name: `${tdsp} delivery area, Texas`,
});

const property = (name: string, value: number | null, unitCode: string): Json[] =>
  value === null ? [] : [{ '@type': 'PropertyValue', name, value, unitCode }];

const round = (value: number, decimals: number): number => Number(value.toFixed(decimals));

/** Where the picture of a page is. @param path of the page, in English */
export const picturePath = ({ language }: Pick<Ask, 'language'>, path: string): string =>
  inLanguage(language, `/pictures${path === '/' ? '/site' : path}.png`);
