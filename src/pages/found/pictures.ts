/** Which picture goes with which page. Made from memory when somebody asks, kept for the version, a few at a time. */

import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import { LRUCache } from 'lru-cache';
import type { PlanView } from '../../catalog/catalog.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { capital, date, dollars, monthName } from '../format.ts';
import type { Ask } from '../page-parts.ts';
import { inWordsOf } from '../plan/in-words-of.ts';
import { planFacts } from '../plan/plan-facts.ts';
import { findingOf } from '../plan/plan-page-parts.ts';
import { YearMarket } from '../plan/year-market.ts';
import { COMMON } from '../words/common.ts';
import { FIND } from '../words/find.ts';
import { LIST } from '../words/list.ts';
import { MARKET } from '../words/market.ts';
import { PLAN } from '../words/plan.ts';
import { type Art, type Picture, pictureSvg, toPng } from './picture.ts';

const MOST_BYTES = 16 << 20;
/** What one takes at the most, measured; its bytes are not there yet when it is kept. */
const PICTURE_BYTES = 80_000;
/** A picture takes a thread for tens of milliseconds. */
const AT_ONCE = 1;
const WAITING = 16;

/** Too many pictures are asked for at once. */
export class PicturesBusy extends Error {}

export class Pictures {
  readonly #kept = new LRUCache<string, Promise<Buffer>>({
    max: 500,
    maxSize: MOST_BYTES,
    sizeCalculation: () => PICTURE_BYTES,
  });
  readonly #atOnce = bulkhead(AT_ONCE, WAITING);

  /**
   * @param key names the picture and the version of the plans in it
   * @throws {PicturesBusy}
   */
  async png(key: string, picture: () => Picture): Promise<Buffer> {
    const known = this.#kept.get(key);
    if (known) return known;
    const made = this.#atOnce.execute(() => toPng(pictureSvg(picture())));
    this.#kept.set(key, made);
    try {
      return await made;
    } catch (error) {
      this.#kept.delete(key);
      throw error instanceof BulkheadRejectedError ? new PicturesBusy() : error;
    }
  }
}

/** What a picture shows, and the version of the plans it shows. */
export interface Pictured {
  version: string;
  picture(): Picture;
}

const footerOf = ({ language }: Ask, view: PlanView): string =>
  `${view.upstreams.map((one) => COMMON[language].sourceNames[one] ?? one).join(', ')}, ${date(language, view.observedAtMs, 'exactDay')}`;

export function sitePicture({ language }: Ask): Pictured {
  const words = FIND[language];
  return {
    version: '',
    picture: () => ({ title: words.question, line: words.promise, footer: '', art: { kind: 'none' } }),
  };
}

export function planPicture(ask: Ask, id: string): Pictured | null {
  const { territory, catalog } = ask.parts;
  for (const { duns, short_name } of territory.tdsps) {
    const view = catalog.look([duns]);
    const plan = view?.planWith(id);
    if (!view || !plan) continue;
    return {
      version: view.version,
      picture() {
        const market = marketOf(view);
        const row = market.rows.find((one) => one.plan.id === plan.id)!;
        const facts = planFacts({ ...row, plan: inWordsOf(plan, ask.language) }, market, {
          nowMs: ask.nowMs,
          change: null,
        });
        const words = PLAN[ask.language];
        const bars = facts.months.flatMap(({ month, usd, missed }) =>
          usd === null
            ? []
            : [
                {
                  name: capital(monthName(ask.language, month, 'monthShort')).slice(0, 3),
                  usd,
                  missed_usd: missed?.usd ?? 0,
                },
              ],
        );
        return {
          title: findingOf({ ask, facts, home: 'house' }),
          line: `${plan.provider.name}, ${short_name}. ${words.kind(plan.rate_type, plan.term_months)}.`,
          footer: footerOf(ask, view),
          art: bars.length === 12 ? { kind: 'bars', bars } : { kind: 'none' },
        };
      },
    };
  }
  return null;
}

export function marketPicture(ask: Ask, duns: string): Pictured | null {
  const tdsp = ask.parts.territory.tdsp(duns);
  const view = tdsp && ask.parts.catalog.look([tdsp.duns]);
  if (!tdsp || !view) return null;
  return spreadPicture(
    ask,
    view,
    (usd) => MARKET[ask.language].market.head('house', usd, tdsp.short_name),
    MARKET[ask.language].market.headNone(tdsp.short_name),
  );
}

export function cityPicture(ask: Ask, slug: string): Pictured | null {
  const place = ask.parts.places.find(slug);
  if (place.kind !== 'city') return null;
  const view = ask.parts.catalog.look([place.tdsps[0]!]);
  if (!view) return null;
  const words = LIST[ask.language];
  const lowest = marketOf(view).known[0]?.year.total_usd;
  return spreadPicture(
    ask,
    view,
    () => words.headline(words.who.house, place.city.name, lowest!),
    words.noKnown(place.city.name),
  );
}

export function texasPicture(ask: Ask): Pictured | null {
  const { territory, catalog } = ask.parts;
  const view = catalog.look(territory.tdsps.map(({ duns }) => duns));
  if (!view) return null;
  return {
    version: view.version,
    picture: () => ({
      title: MARKET[ask.language].texas.title,
      line: '',
      footer: footerOf(ask, view),
      art: stripArt(ask, marketOf(view)),
    }),
  };
}

const marketOf = (view: PlanView): YearMarket => YearMarket.of(view, usageProfiles().get('house')!);

function spreadPicture(ask: Ask, view: PlanView, titleOf: (usd: string) => string, none: string): Pictured {
  return {
    version: view.version,
    picture() {
      const market = marketOf(view);
      const [lowest, middle] = [market.known[0]?.year.total_usd, market.middleYear];
      return {
        title: lowest === undefined ? none : titleOf(dollars(lowest)),
        line:
          middle === null
            ? ''
            : MARKET[ask.language].market.lead(market.known.length, market.rows.length, dollars(middle)),
        footer: footerOf(ask, view),
        art: stripArt(ask, market),
      };
    },
  };
}

function stripArt({ language }: Ask, { known, middleYear }: YearMarket): Art {
  if (known.length < 2 || middleYear === null) return { kind: 'none' };
  const words = MARKET[language].market;
  const values = known.map(({ year }) => year.total_usd);
  return {
    kind: 'strip',
    values,
    words: [
      { value: values[0]!, text: words.lowest(dollars(values[0]!)) },
      { value: middleYear, text: words.middle(dollars(middleYear)) },
      { value: values.at(-1)!, text: words.most(dollars(values.at(-1)!)) },
    ],
  };
}
