/** Sets of plans as bits, one for each row of a list: 160 plans are five numbers, and a filter is five ANDs. */

export type Bits = Int32Array;

export const emptyBits = (length: number): Bits => new Int32Array((length + 31) >>> 5);

/** All rows of which `isIn` is true. */
export function bitsWhere(length: number, isIn: (row: number) => boolean): Bits {
  const bits = emptyBits(length);
  for (let row = 0; row < length; row++) {
    if (isIn(row)) bits[row >>> 5]! |= 1 << (row & 31);
  }
  return bits;
}

export const hasBit = (bits: Bits, row: number): boolean => ((bits[row >>> 5]! >>> (row & 31)) & 1) === 1;

export function addBits(into: Bits, from: Bits): void {
  for (let word = 0; word < into.length; word++) into[word]! |= from[word]!;
}

export function keepBits(into: Bits, from: Bits): void {
  for (let word = 0; word < into.length; word++) into[word]! &= from[word]!;
}

export function countBits(bits: Bits): number {
  let count = 0;
  for (let word = 0; word < bits.length; word++) {
    // Adds up neighbours: pairs, nibbles, then all bytes at once.
    let sum = bits[word]!;
    sum -= (sum >>> 1) & 0x55555555;
    sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
    count += Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
