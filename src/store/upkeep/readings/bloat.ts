/** What tables and indexes waste: counted where pgstattuple could, else estimated. Pure. */

import type { IndexState } from './indexes.ts';
import type { ExactBloat, TableState } from './tables.ts';

interface Waste {
  bytes: number;
  /** Or estimated. */
  isCounted: boolean;
}

type Exact = ReadonlyMap<number, ExactBloat>;

/** Bytes of a table that hold nothing live, long values included; `null` where nobody can say. */
export function wasteOfTable(
  table: Pick<TableState, 'oid' | 'bytes' | 'needed_bytes' | 'toast_bytes' | 'needed_toast_bytes'>,
  exact: Exact,
): Waste | null {
  const toast = Math.max(0, table.toast_bytes - (table.needed_toast_bytes ?? table.toast_bytes));
  const counted = exact.get(table.oid);
  if (counted) return { bytes: counted.wasted_bytes + toast, isCounted: true };
  if (table.needed_bytes === null) return null;
  return { bytes: Math.max(0, table.bytes - table.needed_bytes) + toast, isCounted: false };
}

/** Bytes of an index that a fresh one would not take; `null` where nobody can say. */
export function wasteOfIndex(
  index: Pick<IndexState, 'oid' | 'bytes' | 'needed_bytes'>,
  exact: Exact,
): Waste | null {
  const counted = exact.get(index.oid);
  if (counted) return { bytes: counted.wasted_bytes, isCounted: true };
  if (index.needed_bytes === null) return null;
  return { bytes: Math.max(0, index.bytes - index.needed_bytes), isCounted: false };
}

/** Whether the waste is worth a word: much, and a large part of the whole. */
export const isMuch = (
  waste: Waste | null,
  bytes: number,
  atLeastBytes: number,
  atLeastShare: number,
): boolean =>
  waste !== null && bytes > 0 && waste.bytes >= atLeastBytes && waste.bytes / bytes >= atLeastShare;
