/**
 * What is stored and has to be read again, such as secrets that sign and addresses that get mail, sealed with a key that
 * is not in the database (AES-256-GCM): a copy of the database, or a backup, tells nothing of it.
 */

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { WattsyncError } from './errors.ts';

const PREFIX = 'sealed.';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** The key that something was sealed with is not there, or another one. */
class SealError extends WattsyncError {
  readonly code = 'secret_sealed';
  readonly retryable = false;
}

export class Sealer {
  readonly #key: Buffer | null;
  readonly #signing: Buffer | null;

  /** @param key 32 bytes in base64; `null`: texts are kept as they are */
  constructor(key: string | null) {
    const given = key === null ? null : Buffer.from(key, 'base64');
    const derived = (use: string) =>
      given && Buffer.from(hkdfSync('sha256', given, '', `wattsync ${use}`, KEY_BYTES));
    this.#key = derived('seal');
    this.#signing = derived('sign');
  }

  get hasKey(): boolean {
    return this.#key !== null;
  }

  /** @param owner whose text it is: sealed for one, it does not open for another */
  seal(owner: string, text: string): string {
    if (!this.#key) return text;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${PREFIX}${sealed.toString('base64url')}`;
  }

  /** What was stored before there was a key opens, too. @throws {SealError} */
  open(owner: string, stored: string): string {
    if (!stored.startsWith(PREFIX)) return stored;
    if (!this.#key) {
      throw new SealError(
        `The secret of ${owner} is sealed: set SECRETS_KEY to the key that it was stored with`,
      );
    }
    const sealed = Buffer.from(stored.slice(PREFIX.length), 'base64url');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(owner))
        .setAuthTag(sealed.subarray(-TAG_BYTES));
      const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new SealError(
        `The secret of ${owner} was stored with another SECRETS_KEY than the one that is set now`,
        { cause },
      );
    }
  }

  /** Short enough for an address, and not to be guessed. @throws {SealError} without a key nothing can be signed */
  sign(text: string): string {
    if (!this.#signing) throw new SealError('Nothing can be signed without SECRETS_KEY');
    return createHmac('sha256', this.#signing).update(text).digest('base64url').slice(0, 27);
  }
}
