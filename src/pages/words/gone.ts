/** What is said of a plan that is no longer sold. */

import type { InBoth } from '../language.ts';

const en = {
  title: (name: string, provider: string, tdsp: string) => `${name} by ${provider}, ${tdsp}: no longer sold`,
  head: (name: string) => `${name} is no longer sold`,
  who: 'It was sold by',
  sold: (tdsp: string, until: string | null) =>
    ` where ${tdsp} delivers${until === null ? '.' : `, until ${until}.`}`,
  last: (cents: string) => `Its last price was ${cents} ¢ at 1,000 kWh.`,
  year: (usd: string) =>
    `At your usage a year would have cost ${usd}. A contract that was signed holds to its end.`,
  own: (provider: string) => `What ${provider} sells there now`,
  alike: 'Plans of its kind and term, the lowest year first',
};

type GoneWords = typeof en;

const es: GoneWords = {
  title: (name, provider, tdsp) => `${name} de ${provider}, ${tdsp}: ya no se vende`,
  head: (name) => `${name} ya no se vende`,
  who: 'Lo vendía',
  sold: (tdsp, until) => ` donde ${tdsp} entrega la luz${until === null ? '.' : `, hasta el ${until}.`}`,
  last: (cents) => `Su último precio fue de ${cents} ¢ con 1,000 kWh.`,
  year: (usd) => `Con su consumo, un año habría costado ${usd}. Un contrato firmado vale hasta que termina.`,
  own: (provider) => `Lo que ${provider} vende ahí ahora`,
  alike: 'Planes del mismo tipo y plazo, primero el año más bajo',
};

export const GONE: InBoth<GoneWords> = { en, es };
