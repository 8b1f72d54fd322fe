/** Lines of a table, each column as wide as its widest cell. The first column stands left, figures right. */
export function table(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  { gap = '  ', left = 1 }: { gap?: string; left?: number } = {},
): string[] {
  const lines = [titles, ...rows];
  const widths = titles.map((_, i) => Math.max(...lines.map((cells) => cells[i]!.length)));
  return lines.map((cells) =>
    cells
      .map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join(gap)
      .trimEnd(),
  );
}
