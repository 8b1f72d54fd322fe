/** What reading one record of any upstream has in common: a field that cannot be right costs the record, never its neighbours. */

import { type RateCentsPerKwh, RateRejectedError, readRate } from '../plan/rate.ts';
import { keepable, LONGEST_NAME, readable } from './odd-values.ts';
import type { Rejection } from './source.ts';
import { readText } from './text.ts';

/** One field of a record cannot be what it says. */
export class FieldError extends Error {
  readonly field: string;
  readonly value: unknown;

  /** @param reason follows the name of the field: `is empty` */
  constructor(field: string, value: unknown, reason: string) {
    super(reason);
    this.field = field;
    this.value = value;
  }
}

/** The longest of any upstream has 24 characters. */
export const LONGEST_ID = 200;

/** @throws anything but a FieldError again */
export function toRejection(error: unknown, record: unknown, external_id: string | null): Rejection {
  if (!(error instanceof FieldError)) throw error;
  const { field, value, message } = error;
  return {
    external_id: external_id === null ? null : readable(external_id, LONGEST_ID),
    field: readable(field, LONGEST_NAME),
    value: keepable(value),
    reason: readable(message),
    record: keepable(record),
  };
}

export function readRequired(field: string, text: string | undefined): string {
  const clean = readText(text);
  if (clean === null) throw new FieldError(field, text ?? '', 'is empty');
  if (clean.length <= LONGEST_NAME) return clean;
  throw new FieldError(field, clean, `has ${clean.length} characters, more than ${LONGEST_NAME}`);
}

export function readUsdPerKwh(field: string, price: number, value: unknown = price): RateCentsPerKwh {
  try {
    return readRate(price, 'usd_per_kwh');
  } catch (error) {
    if (error instanceof RateRejectedError) throw new FieldError(field, value, error.message);
    throw error;
  }
}
