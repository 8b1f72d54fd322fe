/**
 * Which of two plans that cost the same comes first: the one with the lower exit fee, then the shorter term, then the
 * greener. No other reason ever puts one plan above another; the id only makes the order the same every time.
 */

/** Unknown is NaN, and comes last. */
interface TieColumns {
  exit_fee: Float64Array;
  term: Float64Array;
  green: Float64Array;
  id(row: number): string;
}

/** The rows of all plans in that order. */
export function tieOrder({ exit_fee, term, green, id }: TieColumns): Uint16Array {
  const rows = Uint16Array.from(exit_fee, (_, row) => row);
  return rows.sort(
    (a, b) =>
      compareKnown(exit_fee[a]!, exit_fee[b]!, 1) ||
      compareKnown(term[a]!, term[b]!, 1) ||
      compareKnown(green[a]!, green[b]!, -1) ||
      (id(a) < id(b) ? -1 : 1),
  );
}

/** The smaller first, or the greater one with direction -1; unknown, which is NaN, last in either direction. */
export function compareKnown(a: number, b: number, direction: 1 | -1): number {
  if (a === b) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return (a - b) * direction;
}
