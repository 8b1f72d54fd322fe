/** The news of a place, a TDSP or a provider as a feed: Atom (RFC 4287) and JSON Feed 1.1, made from the same entries. */

import type { EventJson } from './event-json.ts';

interface Feed {
  /** Of the feed itself, absolute. */
  url: string;
  /** The page that it belongs to, absolute. */
  home: string;
  title: string;
  /** Newest first. */
  entries: readonly FeedEntry[];
}

export interface FeedEntry {
  /** Never changes, wherever the feed is served from. */
  id: string;
  /** ISO 8601. */
  updated: string;
  title: string;
  /** Absolute. */
  link: string;
  text: string;
}

/** @param home the page of the feed, absolute */
export const entryOf = (event: EventJson, home: string): FeedEntry => ({
  id: idOf(event),
  updated: event.at,
  title: headline(event),
  link: linkOf(home, event),
  text: text(event),
});

const cents = (change: number): string => `${Math.abs(change).toFixed(1)} ¢`;

/** One line for a person. */
function headline(event: EventJson): string {
  const { name, provider, term_months, rate_change_cents_per_kwh: change, details } = event;
  const plan = `${provider?.name ?? provider?.id}: ${name}${term_months === null ? '' : `, ${term_months} months`}`;
  switch (event.event) {
    case 'offer_listed':
      return `New: ${plan}`;
    case 'offer_relisted':
      return `Back: ${plan}`;
    case 'offer_withdrawn':
      return `Gone: ${plan}`;
    case 'offer_repriced':
      return change === null
        ? `New price: ${plan}`
        : `${change < 0 ? 'Down' : 'Up'} ${cents(change)}: ${plan}`;
    case 'offer_terms_changed':
      return `New terms: ${plan}`;
    case 'delivery_charge_changed':
      return `The delivery charge moved ${(details as { offers: number }).offers} offers by ${cents(change ?? 0)}`;
    default:
      return `${event.event.replaceAll('_', ' ')}: ${plan}`;
  }
}

function text(event: EventJson): string {
  const changes = event.changes.filter(({ field }) => field !== 'price_components');
  const lines = changes.map(({ field, from, to }) => `${field}: ${say(from)} → ${say(to)}`);
  const { house } = event.year_costs ?? {};
  const year =
    house?.from_usd != null && house.to_usd != null
      ? [
          `A year in a house: $${Math.round(house.from_usd)} → $${Math.round(house.to_usd)}${house.exact ? '' : ' (an estimate)'}`,
        ]
      : [];
  return [...lines, ...year].join('\n') || headline(event);
}

const say = (value: unknown): string =>
  value === null ? 'not told' : typeof value === 'object' ? '…' : String(value);

/** Never changes, wherever the feed is served from. */
const idOf = ({ seq, at }: EventJson): string => `tag:wattsync,${at.slice(0, 10)}:event/${seq}`;

const linkOf = (home: string, { plan_id, event }: EventJson): string =>
  plan_id === null || event === 'offer_withdrawn' ? home : new URL(`/plans/${plan_id}`, home).href;

const escaped = (value: string): string =>
  value
    // What XML 1.0 cannot hold, whatever an upstream put into a name.
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

/** @param empty when the feed was last right, where it has no entries */
export function atomFeed({ url, home, title, entries }: Feed, empty: Date): string {
  const written = entries.map(
    ({ id, updated, title, link, text }) =>
      `<entry><id>${escaped(id)}</id><title>${escaped(title)}</title><updated>${updated}</updated>
<link href="${escaped(link)}"/><content type="text">${escaped(text)}</content></entry>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>${escaped(url)}</id><title>${escaped(title)}</title><updated>${entries[0]?.updated ?? empty.toISOString()}</updated>
<author><name>wattsync</name></author><link rel="self" href="${escaped(url)}"/><link href="${escaped(home)}"/>
${written.join('\n')}
</feed>
`;
}

export function jsonFeed({ url, home, title, entries }: Feed): object {
  return {
    version: 'https://jsonfeed.org/version/1.1',
    title,
    home_page_url: home,
    feed_url: url,
    items: entries.map(({ id, link, title, text, updated }) => ({
      id,
      url: link,
      title,
      content_text: text,
      date_published: updated,
    })),
  };
}
