/** What a place that is being typed may become: from memory, the largest first, each with who delivers there. */

import type { FastifyInstance } from 'fastify';
import { placeKey } from '../../territory/place-key.ts';
import { inLanguage, LANGUAGES, type Language } from '../language.ts';
import type { PageParts } from '../page-parts.ts';
import { FIND } from '../words/find.ts';

interface Suggested {
  href: string;
  name: string;
  /** Of a ZIP code its town, and who delivers; of a town without choice, that it has none. */
  about: string;
}

const MOST = 6;
/** Four digits leave ten. */
const MOST_ZIPS = 10;
const LONGEST = 100;
/** The territory changes with the program. */
const DAY_SECONDS = 86_400;

export function suggestRoutes(app: FastifyInstance, parts: PageParts): void {
  for (const language of LANGUAGES) {
    app.get<{ Querystring: Record<string, string | string[]> }>(
      inLanguage(language, '/suggest'),
      (request, reply) => {
        const typed = String(request.query.q ?? '').slice(0, LONGEST);
        return reply
          .header('cache-control', `public, max-age=${DAY_SECONDS}`)
          .send(suggest(parts, language, typed));
      },
    );
  }
}

function suggest({ territory, places }: PageParts, language: Language, typed: string): Suggested[] {
  const words = FIND[language];
  const at = (path: string) => inLanguage(language, path);
  const delivered = (tdsps: readonly string[]) =>
    tdsps.map((duns) => territory.tdsp(duns)?.short_name ?? duns).join(words.or) || words.noChoice;
  const digits = typed.trim();
  if (/^\d{2,5}$/.test(digits)) {
    return [...territory.zips.values()]
      .filter(({ zip }) => zip.startsWith(digits))
      .slice(0, MOST_ZIPS)
      .map(({ zip, city, tdsps }) => ({
        href: at(`/zip/${zip}`),
        name: zip,
        about: `${city}, ${delivered(tdsps)}`,
      }));
  }
  const key = placeKey(typed);
  if (key.length < 2) return [];
  const begun = territory.cities
    .filter(({ name }) => placeKey(name).startsWith(key))
    .toSorted((a, b) => (b.population ?? 0) - (a.population ?? 0))
    .map(({ slug, name, tdsps }) => ({ href: at(`/cities/${slug}`), name, about: delivered(tdsps) }));
  const closed = territory.closedPlaces
    .filter(({ name }) => placeKey(name).startsWith(key))
    .toSorted((a, b) => b.zips.length - a.zips.length)
    .map(({ slug, name }) => ({ href: at(`/cities/${slug}`), name, about: words.noChoice }));
  // A large town without choice is not pushed out by hamlets that have one.
  const found = [...begun.slice(0, MOST - Math.min(2, closed.length)), ...closed].slice(0, MOST);
  if (found.length > 0) return found;
  const meant = places.find(typed);
  if (meant.kind !== 'unknown') return [];
  return meant.suggestions.map(({ slug, name }) => {
    const city = territory.cities.find((one) => one.slug === slug);
    return { href: at(`/cities/${slug}`), name, about: delivered(city?.tdsps ?? []) };
  });
}
