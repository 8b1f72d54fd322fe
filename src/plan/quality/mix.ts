/** How much of one mix would have to change to become the other: 0 the same, 1 nothing in common. */
export function difference(before: readonly string[], after: readonly string[]): number {
  const shares = new Map<string, number>();
  for (const value of before) shares.set(value, (shares.get(value) ?? 0) - 1 / before.length);
  for (const value of after) shares.set(value, (shares.get(value) ?? 0) + 1 / after.length);
  return [...shares.values()].reduce((sum, share) => sum + Math.abs(share), 0) / 2;
}
