/** What a load found where that is nothing, for a moment: those who come next need not ask again. */

const REMEMBERED_MS = 1_000;

export class RecentFailures {
  readonly #failures = new Map<string, { untilMs: number; failure: unknown }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param failure `undefined`: nothing is stored */
  remember(duns: string, failure?: unknown): void {
    this.#failures.set(duns, { untilMs: this.#now() + REMEMBERED_MS, failure });
  }

  forget(duns: string): void {
    this.#failures.delete(duns);
  }

  /**
   * Whether a load found nothing a moment ago.
   * @throws what that load threw
   */
  isNothing(duns: string): boolean {
    const found = this.#failures.get(duns);
    const now = this.#now();
    // Further away than it was put: the clock was set back since.
    if (!found || found.untilMs <= now || found.untilMs > now + REMEMBERED_MS) return false;
    if (found.failure !== undefined) throw found.failure;
    return true;
  }
}
