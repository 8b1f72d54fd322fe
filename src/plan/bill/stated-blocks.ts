/**
 * Prices per kWh that hold for a part of a month's usage, where the text states all of them: "8.9¢ for the first 1,000 kWh,
 * 12.9¢ after that". Whether a price is for the kWh of its block or for all kWh of such a month, the published prices decide.
 */

import { usageLimits } from './usage-limits.ts';

export interface StatedBlock {
  from_kwh: number;
  /** `null`: without end. */
  to_kwh: number | null;
  usd_per_kwh: number;
}

const PRICE =
  /(?<![\d.$])(?<cents>\d{1,2}(?:\.\d{1,4})?) ?(?:¢|cents?\b|centavos?\b)|\$ ?(?<usd>0?\.\d{2,5})(?= ?(?:\/|per|por|a|each)? ?kwh)/g;
const REST =
  /\b(?:after that|thereafter|(?:all )?(?:additional|remaining|other)(?: (?:kwh|usage))?|the rest|despues|de ahi en adelante|(?:los |por )?(?:cada )?(?:kwh )?adicional(?:es)?|el resto)\b/g;

interface Said {
  at: number;
  price?: number;
  limit?: { from_kwh: number; to_kwh: number | null };
}

/**
 * Takes away the clauses that state the blocks.
 * @returns the blocks from the first kWh on without a gap; `null` where the text does not state that much
 */
export function takeBlocks(clauses: Set<string>): StatedBlock[] | null {
  const stating = [...clauses].filter((clause) => priceCount(clause) > 0);
  const blocks: StatedBlock[] = [];
  for (const clause of stating) {
    const said = pairsOf(clause);
    if (!said) return null;
    for (const one of said) {
      const isRepeated = blocks.some(
        (other) => other.from_kwh === one.from_kwh && other.usd_per_kwh === one.usd_per_kwh,
      );
      if (!isRepeated) blocks.push(one);
    }
  }
  const whole = withoutGaps(blocks);
  if (whole) for (const clause of stating) clauses.delete(clause);
  return whole;
}

const priceCount = (clause: string): number => [...clause.matchAll(PRICE)].length;

function pairsOf(clause: string): StatedBlock[] | null {
  const limits = usageLimits(clause);
  if (limits.some(({ side }) => side !== 'said')) return null;
  const isInside = (at: number) => limits.some((limit) => at >= limit.at && at < limit.end);
  const rests = [...clause.matchAll(REST)].filter(
    // "All additional usage over 1,000 kWh" says where it begins.
    ({ index, 0: all }) =>
      !isInside(index) && !limits.some(({ at }) => at >= index && at - index - all.length <= 12),
  );
  const said: Said[] = [
    ...[...clause.matchAll(PRICE)].map(({ index, groups }) => ({
      at: index,
      price: groups!.usd === undefined ? Number(groups!.cents) / 100 : Number(groups!.usd),
    })),
    ...limits.map((limit) => ({ at: limit.at, limit })),
    ...rests.map(({ index }) => ({ at: index, limit: { from_kwh: 0, to_kwh: null } })),
  ].toSorted((a, b) => a.at - b.at);
  if (said.length === 0 || said.length % 2 === 1) return null;
  const blocks: StatedBlock[] = [];
  for (let at = 0; at < said.length; at += 2) {
    const [one, other] = [said[at]!, said[at + 1]!];
    const [price, limit] = [one.price ?? other.price, one.limit ?? other.limit];
    if (price === undefined || !limit) return null;
    const last = blocks.at(-1)?.to_kwh ?? null;
    // The rest begins where the block before it ends.
    const from_kwh = limit.from_kwh > 0 ? limit.from_kwh : last === null ? 0 : last + 1;
    if (from_kwh === 0) return null;
    blocks.push({ from_kwh, to_kwh: limit.to_kwh, usd_per_kwh: price });
  }
  return blocks;
}

function withoutGaps(blocks: readonly StatedBlock[]): StatedBlock[] | null {
  const ordered = blocks.toSorted((a, b) => a.from_kwh - b.from_kwh);
  const whole: StatedBlock[] = [];
  for (const block of ordered) {
    const end = whole.at(-1)?.to_kwh;
    if (end === null) return null;
    // "Up to 1,000" and "from 1,000" both mean that no kWh falls between.
    const begins = end === undefined ? 1 : end + 1;
    if (block.from_kwh !== begins && block.from_kwh !== begins - 1) return null;
    whole.push({ ...block, from_kwh: begins });
  }
  return whole.length >= 2 && whole.at(-1)!.to_kwh === null ? whole : null;
}
