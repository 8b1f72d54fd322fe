/**
 * `Cache-Status` (RFC 9211): which layer answered, for how long the plans count as fresh, and why they do not.
 *
 * Seen from outside the layers are one cache, and what it forwards to is the upstream: whatever layer had the plans,
 * that is a hit. Only a reader who waited for a fetch was forwarded.
 */

import type { Freshness } from '../catalog/catalog.ts';

export function cacheStatus({ layer, fresh_for_seconds, whyStale }: Freshness): string {
  const verdict = layer === 'api' ? 'fwd=miss; stored' : 'hit';
  // A token, or a string where there is more to say; neither part can hold a quote.
  const detail = whyStale === null ? layer : `"${layer}, stale: ${whyStale}"`;
  return `wattsync; ${verdict}; ttl=${fresh_for_seconds}; detail=${detail}`;
}
