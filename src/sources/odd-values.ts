/**
 * What no honest record holds, and what it would break: a NUL that PostgreSQL cannot store, a text too long for an
 * index, names of JavaScript's own machinery. A record with one is rejected, and kept in a form that can be stored.
 */

const LONGEST_KEY = 200;
/** Texts for people: the longest of ten years has 4,000 characters. */
export const LONGEST_TEXT = 20_000;
export const LONGEST_NAME = 300;
const DEEPEST = 30;
const LONGEST_KEPT = 2_000;
const MOST_KEPT = 1_000;
const MACHINERY: readonly string[] = ['__proto__', 'constructor', 'prototype'];

interface OddValue {
  /** Where it is: `product.name`. */
  field: string;
  value: unknown;
  reason: string;
}

/** The first odd value of a record, `null` where there is none. */
export function findOddValue(record: unknown): OddValue | null {
  const open: { path: string; value: unknown; depth: number }[] = [{ path: '', value: record, depth: 0 }];
  for (let one = open.pop(); one; one = open.pop()) {
    const { path, value, depth } = one;
    const reason = whatIsOdd(value, depth);
    if (reason) return { field: path || 'record', value: keepable(value), reason };
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      const field = path === '' ? key : `${path}.${key}`;
      const reason = oddKey(key);
      if (reason) return { field: readable(field), value: keepable(inner), reason };
      open.push({ path: field, value: inner, depth: depth + 1 });
    }
  }
  return null;
}

function whatIsOdd(value: unknown, depth: number): string | null {
  if (depth > DEEPEST) return `is nested more than ${DEEPEST} levels deep`;
  if (typeof value !== 'string') return null;
  if (value.includes('\0')) return 'contains a NUL character';
  return value.length > LONGEST_TEXT ? `has ${value.length} characters, more than ${LONGEST_TEXT}` : null;
}

function oddKey(key: string): string | null {
  if (MACHINERY.includes(key)) return 'is a name that no field may have';
  if (key.includes('\0')) return 'has a NUL character in its name';
  return key.length > LONGEST_KEY ? `has a name of ${key.length} characters` : null;
}

/** The value with texts, keys and depth cut to what can be stored and looked at; an ordinary one stays as it is. */
export function keepable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return readable(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '…';
  if (Array.isArray(value)) return value.slice(0, MOST_KEPT).map((one) => keepable(one, depth + 1));
  const entries = Object.entries(value).slice(0, MOST_KEPT);
  return Object.fromEntries(entries.map(([key, inner]) => [readable(key), keepable(inner, depth + 1)]));
}

/** A text as PostgreSQL stores it, no longer than a person wants to read. */
export function readable(text: string, longest = LONGEST_KEPT): string {
  const clean = text.replaceAll('\0', '\ufffd').toWellFormed();
  return clean.length > longest ? `${clean.slice(0, longest).toWellFormed()}…` : clean;
}
