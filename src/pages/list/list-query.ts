/** What the address of a list says: for which usage, which plans, how many. Every state of the page is an address. */

import type { UsageProfile } from '../../plan/profiles/profiles.ts';
import { readProfile } from '../../plan/profiles/profiles.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { BadAddress } from '../page-parts.ts';

/** `flat`: one usage, in every month; `own`: twelve numbers. */
export type Usage = 'apartment' | 'house' | 'large' | 'own' | 'flat';

export const PRICE_KINDS = ['fixed', 'part', 'changes'] as const;
export type PriceKind = (typeof PRICE_KINDS)[number];
/** Terms in months, from and to. */
export const TERMS = { '0-11': [0, 11], '12-18': [12, 18], '19-36': [19, 36], '37-': [37, 999] } as const;
export type TermBand = keyof typeof TERMS;
export const TERM_BANDS = Object.keys(TERMS) as readonly TermBand[];
export const UNWANTED = [
  'credits',
  'hours',
  'prepaid',
  'autopay',
  'newcomers',
  'exit-fee-over-200',
  'not-green',
] as const;
export type Unwanted = (typeof UNWANTED)[number];

export interface ListQuery {
  usage: Usage;
  profile: UsageProfile;
  price: readonly PriceKind[];
  term: readonly TermBand[];
  without: readonly Unwanted[];
  /** Id of the only provider whose plans are wanted. */
  provider: string | null;
  /** Code of the TDSP, in lower case, where several serve the place. */
  delivered: string | null;
  /** All plans, not only the first of each group. */
  all: boolean;
  /** The form for twelve numbers is open. */
  own: boolean;
}

const MONTHS = 12;
const MOST_KWH = 100_000;
export const DEFAULT_PROFILE = 'house';

/** @throws {BadAddress} a value that cannot be read */
export function readListQuery(query: URLSearchParams): ListQuery {
  return {
    ...readUsage(query),
    price: readChoices(query, 'price', PRICE_KINDS),
    term: readChoices(query, 'term', TERM_BANDS),
    without: readChoices(query, 'without', UNWANTED),
    provider: readWord(query, 'provider'),
    delivered: readWord(query, 'delivered')?.toLowerCase() ?? null,
    all: query.get('all') === '1',
    own: query.get('own') === '1',
  };
}

export function readUsage(query: URLSearchParams): Pick<ListQuery, 'usage' | 'profile'> {
  const months = query.getAll('m').filter((one) => one.trim() !== '');
  const kwh = query.get('kwh')?.trim() ?? '';
  if (kwh !== '') return flat(readKwh('kwh', kwh));
  if (months.length > 0) {
    if (months.length !== MONTHS) throw new BadAddress('m', 'twelveUsages', months.join(', '));
    return own(months.map((one) => readKwh('m', one)));
  }
  const text = query.get('profile')?.trim() || DEFAULT_PROFILE;
  const profile = readProfile(text, usageProfiles());
  if (!profile) throw new BadAddress('profile', 'profile', text);
  return profile.name === 'own' ? own(profile.months_kwh) : { usage: profile.name as Usage, profile };
}

function own(months_kwh: readonly number[]): Pick<ListQuery, 'usage' | 'profile'> {
  const isFlat = months_kwh.every((kwh) => kwh === months_kwh[0]);
  return { usage: isFlat ? 'flat' : 'own', profile: { name: 'own', months_kwh } };
}

const flat = (kwh: number) => own(new Array<number>(MONTHS).fill(kwh));

/** With or without a comma between the thousands. */
function readKwh(name: string, text: string): number {
  const kwh = /^\d{1,3}(?:,?\d{3})*$/.test(text.trim()) ? Number(text.replaceAll(',', '')) : Number.NaN;
  if (kwh >= 1 && kwh <= MOST_KWH) return kwh;
  throw new BadAddress(name, 'usage', text);
}

function readChoices<T extends string>(query: URLSearchParams, name: string, choices: readonly T[]): T[] {
  const given = query.getAll(name).flatMap((text) => text.split(','));
  const wanted = given.filter((one) => one !== '');
  for (const one of wanted) {
    if (!choices.some((choice) => choice === one)) throw new BadAddress(name, choices, one);
  }
  return choices.filter((choice) => wanted.includes(choice));
}

const readWord = (query: URLSearchParams, name: string): string | null =>
  query.get(name)?.trim().slice(0, 100) || null;

/** The part of an address that says the usage: empty for the usual one. */
export function usageParams({ usage, profile }: Pick<ListQuery, 'usage' | 'profile'>): [string, string][] {
  if (usage === DEFAULT_PROFILE) return [];
  if (usage === 'flat') return [['kwh', String(profile.months_kwh[0])]];
  return [['profile', usage === 'own' ? profile.months_kwh.join() : usage]];
}

/** Everything else that the address of a list says. */
export function filterParams(query: ListQuery): [string, string][] {
  return [
    ...(query.delivered ? [['delivered', query.delivered] as [string, string]] : []),
    ...query.price.map((one): [string, string] => ['price', one]),
    ...query.term.map((one): [string, string] => ['term', one]),
    ...query.without.map((one): [string, string] => ['without', one]),
    ...(query.provider ? [['provider', query.provider] as [string, string]] : []),
  ];
}

export function withParams(path: string, params: readonly (readonly [string, string])[]): string {
  if (params.length === 0) return path;
  const search = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value]));
  // Commas need no escape in a query, and twelve of them are hard to read with one.
  return `${path}?${String(search).replaceAll('%2C', ',')}`;
}
