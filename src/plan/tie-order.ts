/**
 * Which of two plans that cost the same comes first: the one with the lower exit fee, then the shorter term, then the
 * greener. No other reason ever puts one plan above another; the id only makes the order the same every time.
 */

/** Unknown is NaN, and comes last. */
interface TieColumns {
  exit_fee: Float64Array;
  term: Float64Array;
  green: Float64Array;
  id(place: number): string;
}

/** The places of all plans in that order. */
export function tieOrder({ exit_fee, term, green, id }: TieColumns): Uint16Array {
  const places: number[] = [];
  for (let place = 0; place < exit_fee.length; place++) places.push(place);
  places.sort(
    (a, b) =>
      compareKnown(exit_fee[a]!, exit_fee[b]!, 1) ||
      compareKnown(term[a]!, term[b]!, 1) ||
      compareKnown(green[a]!, green[b]!, -1) ||
      (id(a) < id(b) ? -1 : 1),
  );
  return Uint16Array.from(places);
}

function compareKnown(a: number, b: number, direction: 1 | -1): number {
  if (a === b) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return (a - b) * direction;
}
