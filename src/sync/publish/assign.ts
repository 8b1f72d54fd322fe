/**
 * Pairs rows with columns so that the sum of the costs is least (the Hungarian method, O(rows² × columns)). Taking the
 * cheapest pair first would not do: of two twins the first one served may leave the other a pair nobody would make.
 *
 * @param cost finite; `cost[row][column]`, every row of one length
 * @returns the column of each row; -1 for as many rows as there are too few columns
 */
export function assign(cost: readonly (readonly number[])[]): number[] {
  const columns = cost[0]?.length ?? 0;
  if (cost.length > columns) {
    const rowOf = assign(Array.from({ length: columns }, (_, at) => cost.map((row) => row[at]!)));
    return cost.map((_, row) => rowOf.indexOf(row));
  }
  // Index 0 of each list is the root of a search; rows and columns count from 1.
  const rowPrice = new Float64Array(cost.length + 1);
  const columnPrice = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  for (let row = 1; row <= cost.length; row++) {
    rowOf[0] = row;
    const cameFrom = new Int32Array(columns + 1);
    const slack = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const isDone = new Uint8Array(columns + 1);
    let at = 0;
    do {
      isDone[at] = 1;
      const from = rowOf[at]!;
      let [least, next] = [Number.POSITIVE_INFINITY, 0];
      for (let column = 1; column <= columns; column++) {
        if (isDone[column]) continue;
        const reduced = cost[from - 1]![column - 1]! - rowPrice[from]! - columnPrice[column]!;
        if (reduced < slack[column]!) {
          slack[column] = reduced;
          cameFrom[column] = at;
        }
        if (slack[column]! < least) [least, next] = [slack[column]!, column];
      }
      for (let column = 0; column <= columns; column++) {
        if (isDone[column]) {
          rowPrice[rowOf[column]!]! += least;
          columnPrice[column]! -= least;
        } else slack[column]! -= least;
      }
      at = next;
    } while (rowOf[at] !== 0);
    while (at !== 0) {
      const before = cameFrom[at]!;
      rowOf[at] = rowOf[before]!;
      at = before;
    }
  }
  const columnOf = new Array<number>(cost.length).fill(-1);
  for (let column = 1; column <= columns; column++) {
    if (rowOf[column]! > 0) columnOf[rowOf[column]! - 1] = column - 1;
  }
  return columnOf;
}
