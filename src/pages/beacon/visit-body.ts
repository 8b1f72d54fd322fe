/** What a browser tells, read with zod: loaded with the first that does. */

import { z } from 'zod';
import { invalidParameters } from '../../api/params.ts';
import type { Visit } from './vitals-recorder.ts';

const LONGEST_MS = 600_000;
const MOST_SHIFT = 100;

const figure = (most: number) => z.number().min(0).max(most).nullable().default(null);

/** @throws {Problem} with every field at fault */
export function readVisit(pages: readonly string[], body: unknown): { page: string; visit: Visit } {
  const schema = z.strictObject({
    page: z.enum(pages as [string, ...string[]]),
    lcp: figure(LONGEST_MS),
    inp: figure(LONGEST_MS),
    cls: figure(MOST_SHIFT),
  });
  const read = schema.safeParse(body ?? {});
  if (!read.success) {
    throw invalidParameters(
      read.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message })),
    );
  }
  const { page, ...visit } = read.data;
  return { page, visit };
}
