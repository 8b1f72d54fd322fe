/** What callers may do of whom nothing is known. */

import type { Secret } from '../../config.ts';
import { VARIABLES } from '../../variables.ts';

export interface LimitOptions {
  /** Questions of one client a minute. */
  perMinute: number;
  /** Of these, those that take long: the past, the index, searches, CSV. */
  costlyPerMinute: number;
  /** Events of one client a minute. */
  eventsPerMinute: number;
}

export interface Strangers {
  /** Of one client and one process. */
  limits: LimitOptions;
  /** Whose `X-Forwarded-For` says who the client is. */
  trustedProxies: readonly string[];
  /** What an event has to come with; `null`: nothing. */
  eventsKey: Secret | null;
}

/** What holds where nothing is configured. */
export const STRANGERS: Strangers = {
  limits: {
    perMinute: VARIABLES.RATE_LIMIT_PER_MINUTE[0],
    costlyPerMinute: VARIABLES.RATE_LIMIT_COSTLY_PER_MINUTE[0],
    eventsPerMinute: VARIABLES.EVENTS_PER_MINUTE[0],
  },
  trustedProxies: VARIABLES.TRUSTED_PROXIES[0],
  eventsKey: null,
};
