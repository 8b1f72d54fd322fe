/**
 * Requests that may be answered with "not modified" (RFC 9110, 13.1): an upstream that names the versions of its answers
 * is told ours, and sends a body only if it has another one.
 */

import type { Validators } from '../store/plans/snapshots.ts';
import { expectSuccess, type HttpAnswer } from './http.ts';
import type { Fetched, NotModified } from './source.ts';
import { SourceError } from './source-error.ts';

// Longer than any real one; what an upstream sends is stored and sent back.
const LONGEST = 200;
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]*"$/;

export class ConditionalRequest {
  readonly #request: string;
  #known: Validators | null;

  /**
   * @param request what is asked for, without secrets: validators of another request say nothing about this one
   * @param known of the plans that are published
   */
  constructor(request: string, known: Validators | null | undefined) {
    this.#request = request;
    this.#known = known?.request === request ? known : null;
  }

  /** To be sent with the next attempt. */
  get headers(): Record<string, string> {
    const { etag = null, last_modified = null } = this.#known ?? {};
    return {
      ...(etag === null ? {} : { 'if-none-match': etag }),
      ...(last_modified === null ? {} : { 'if-modified-since': last_modified }),
    };
  }

  /**
   * What the answer brings.
   * @throws {SourceError} it brings nothing, or claims to know what we have and cannot: the next attempt asks for all
   */
  read(answer: HttpAnswer, host: string, toPlans: (answer: HttpAnswer) => Fetched): Fetched | NotModified {
    const now = new Date();
    if (answer.status === 304) return this.#expectOurs(answer, host);
    expectSuccess(answer, host, now);
    const etag = readTag(answer.headers.get('etag'));
    const last_modified = readDate(answer.headers.get('last-modified'), now);
    const isNamed = etag !== null || last_modified !== null;
    const body_at = now.toISOString();
    const validators = isNamed ? { request: this.#request, etag, last_modified, body_at } : null;
    return { ...toPlans(answer), validators };
  }

  #expectOurs({ headers }: HttpAnswer, host: string): NotModified {
    const known = this.#known;
    this.#known = null;
    const named = headers.get('etag');
    if (known && (named === null || known.etag === null || isSameTag(named, known.etag))) {
      return { notModified: true };
    }
    throw new SourceError(
      'upstream_unreadable',
      known === null
        ? `${host} answered 304, not modified, but was asked for the whole answer`
        : `${host} answered 304, not modified, about ${named} when it was asked about ${known.etag}`,
    );
  }
}

/** As If-None-Match compares: a weak tag and a strong one may name the same (RFC 9110, 8.8.3.2). */
function isSameTag(one: string, other: string): boolean {
  return one.replace(/^W\//, '') === other.replace(/^W\//, '');
}

function readTag(value: string | null): string | null {
  return value !== null && value.length <= LONGEST && ENTITY_TAG.test(value) ? value : null;
}

/** A date in the future would match whatever changes until then (RFC 9110, 8.8.2.1). */
function readDate(value: string | null, now: Date): string | null {
  if (value === null || value.length > LONGEST) return null;
  return Date.parse(value) <= now.getTime() ? value : null;
}
