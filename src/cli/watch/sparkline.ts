/** A line of small bars: where a figure went. */

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** From 0 to the largest value; what is not known is a gap. */
export function sparkline(values: readonly (number | null)[]): string {
  const largest = Math.max(...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return '·';
      return BARS[
        largest === 0 ? 0 : Math.min(BARS.length - 1, Math.floor((value / largest) * BARS.length))
      ]!;
    })
    .join('');
}
