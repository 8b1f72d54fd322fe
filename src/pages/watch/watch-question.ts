/** What a form or an address asks to be watched. */

import { marketDay } from '../../plan/market-day.ts';
import type { UsageProfile } from '../../plan/profiles/profiles.ts';
import { DAY_MS } from '../../units.ts';
import { type WatchPlace, watchPlace } from '../../watch/place.ts';
import type { WatchQuestion } from '../../watch/question.ts';
import { readUsage, usageParams } from '../list/list-query.ts';
import { type Ask, BadAddress } from '../page-parts.ts';
import { COMMON } from '../words/common.ts';
import { WATCH } from '../words/watch.ts';

/** What is not said by somebody who asks. */
const BY_USD = '100';
const YEARS_AHEAD_MS = 5 * 366 * DAY_MS;

export interface WatchAsked {
  place: WatchPlace;
  profile: UsageProfile;
  /** The usage, as addresses write it. */
  usage: string;
  /** As it was typed. */
  typed: { year: string; fee: string; by: string; ends: string };
  /** `null`: it does not say yet what theirs costs. */
  question: WatchQuestion | null;
  /** Which field cannot be read, and what would be right. */
  wrong: string | null;
}

/** @throws {BadAddress} the place or the usage cannot be read: without them there is no form */
export function readWatch(ask: Ask): WatchAsked {
  const { query, parts, language, nowMs } = ask;
  const words = WATCH[language].wrong;
  const text = (name: string) => query.get(name)?.trim() ?? '';
  const place = watchPlace(parts, text('place'), text('delivered') || null);
  if (!place) throw new BadAddress('place', 'place', text('place'));
  const { profile, ...use } = readUsage(query);
  const [[, kwh] = []] = usageParams({ profile, ...use });
  const usage =
    profile.name !== 'own' ? profile.name : use.usage === 'flat' ? profile.months_kwh.join() : kwh!;
  const typed = { year: text('year'), fee: text('fee'), by: text('by') || BY_USD, ends: text('ends') };
  const today = marketDay(new Date(nowMs));
  const since = text('since');
  const read = (): WatchQuestion => ({
    place: place.path,
    tdsp_duns: place.tdsp_duns,
    usage,
    year_usd: readUsd('year', typed.year, [1, 50_000], words.year),
    exit_fee_usd: readUsd('fee', typed.fee || '0', [0, 2_000], words.fee),
    by_usd: readUsd('by', typed.by, [20, 5_000], words.by),
    ends_on: typed.ends === '' ? null : readDay('ends', typed.ends, nowMs, words.ends),
    since: since === '' ? today : readDay('ends', since, nowMs, words.ends),
  });
  const about = { place, profile, usage, typed };
  if (typed.year === '') return { ...about, question: null, wrong: null };
  try {
    return { ...about, question: read(), wrong: null };
  } catch (error) {
    if (!(error instanceof WrongField)) throw error;
    const { field, right, got } = error;
    const label = WATCH[language][field];
    return { ...about, question: null, wrong: `${label}: ${COMMON[language].expected(right, got)}` };
  }
}

type Field = 'year' | 'fee' | 'by' | 'ends';

/** A field that cannot be read: told above the form, which keeps what was typed. */
class WrongField extends Error {
  readonly field: Field;
  readonly right: string;
  readonly got: string;

  constructor(field: Field, right: string, got: string) {
    super(right);
    this.field = field;
    this.right = right;
    this.got = got;
  }
}

/** With or without the sign, and a comma between the thousands. */
function readUsd(name: Field, text: string, [least, most]: [number, number], what: string): number {
  const usd = /^\$?\s*\d{1,3}(?:,?\d{3})*(?:\.\d{1,2})?$/.test(text)
    ? Number(text.replace(/[$,\s]/g, ''))
    : Number.NaN;
  if (usd >= least && usd <= most) return usd;
  throw new WrongField(name, what, text);
}

function readDay(name: Field, text: string, nowMs: number, what: string): string {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T12:00:00Z`) : Number.NaN;
  if (Math.abs(at - nowMs) <= YEARS_AHEAD_MS) return text;
  throw new WrongField(name, what, text);
}

/** The question as an address, from which the same one is read again. */
export const watchParams = ({ question, usage, place }: WatchAsked): [string, string][] => [
  ['place', place.path.slice(place.path.indexOf('/') + 1)],
  ...(place.path.startsWith('markets/') ? [] : [['delivered', place.tdsp_duns] as [string, string]]),
  ['profile', usage],
  ...(question
    ? ([
        ['year', String(question.year_usd)],
        ['fee', String(question.exit_fee_usd)],
        ['by', String(question.by_usd)],
        ...(question.ends_on === null ? [] : [['ends', question.ends_on]]),
        ['since', question.since],
      ] as [string, string][])
    : []),
];
