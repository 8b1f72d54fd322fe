/** What the page of a plan says. */

import type { RateType } from '../../plan/plan.ts';
import type { InBoth } from '../language.ts';

/** Homes by the id of their profile; `own` for a reader's own twelve months. */
type Home = 'apartment' | 'house' | 'large' | 'own';

const en = {
  homeName: { apartment: 'apartment', house: 'house', large: 'large house', own: 'home' } satisfies Record<
    Home,
    string
  >,
  costs: (name: string, usd: string, home: Home) => `${name} costs ${HOMES_EN[home]} ${usd} a year`,
  costsAbout: (name: string, usd: string, home: Home) =>
    `${name} costs ${HOMES_EN[home]} about ${usd} a year, an estimate`,
  costUnknown: (name: string) => `What a year with ${name} costs is not known`,
  title: (name: string, provider: string, tdsp: string, year: string) =>
    `${name} by ${provider}, ${tdsp}: ${year}`,
  titleYear: (usd: string, home: Home) => `${usd} a year for ${HOMES_EN[home]}`,
  titleUnknown: 'price and terms',
  description: (terms: string, provider: string, tdsp: string, trap: string) =>
    `${terms}, from ${provider} where ${tdsp} delivers. ${trap} Bill month by month, price history, documents.`,
  place: (place: number, of: number, above: string | null) =>
    `Number ${place} of ${of} plans with a known year${above === null ? ', the lowest of them' : `, ${above} more than the lowest`}.`,
  notRanked: (of: number, lowest: string) =>
    `It stands behind the ${of} plans whose year is known, which begin at ${lowest}.`,
  by: 'By',
  rated: (stars: number) => `rated ${stars} of 5 by the state`,
  unrated: 'not rated by the state',
  fixed: (months: number) => `Fixed for ${months === 1 ? 'a month' : `${months} months`}`,
  variable: 'The price may change every month',
  indexed: 'The price follows an index and may change every month',
  kindUnknown: 'The provider does not say whether the price may change',
  kind(rate_type: RateType | null, months: number | null): string {
    if (rate_type === 'variable') return this.variable;
    if (rate_type === 'indexed') return this.indexed;
    return rate_type === null || months === null ? this.kindUnknown : this.fixed(months);
  },
  misses: (usd: string, months: number, near: number) =>
    `Misses its ${usd} credit in ${months} of your 12 months${near === 0 ? '' : near === 1 ? ', once by 10 kWh or less' : `, ${near} of them by 10 kWh or less`}.`,
  missesSum: (usd: string) => `That is ${usd} of credit a year not paid.`,
  never: (usd: string) => `Never reaches its ${usd} credit at your usage.`,
  months: {
    head: 'Your twelve months',
    yours: (home: Home, kwh: string) => `Yours: ${HOMES_EN[home]}, ${kwh} kWh a year.`,
    change: 'Change it',
    lead: (
      dearer: string,
      dearUsd: string,
      dearKwh: string,
      cheaper: string,
      cheapUsd: string,
      cheapKwh: string,
    ) =>
      `${dearer} costs ${dearUsd} for ${dearKwh} kWh, ${cheaper} only ${cheapUsd} for ${cheapKwh}: the credit decides, not the usage.`,
    picture: (least: string, most: string, missed: number) =>
      `Bill of each of the next twelve months, from ${least} to ${most}.${missed > 0 ? ` ${missed} months miss the credit.` : ''} The table below has the figures.`,
    keyBill: 'bill in $',
    keyMissed: 'credit missed',
    keyMiddle: (plans: number) => `middle of ${plans} plans`,
    keyKwh: 'below the month: kWh',
    table: 'The same as a table',
    columns: ['Month', 'kWh', 'Bill', 'Middle', 'Credit'],
    paid: 'paid',
    short: (kwh: string) => `missed, ${kwh} kWh short`,
    over: 'missed, too much used',
  },
  facts: {
    label: 'Plan facts',
    bill: (month: string) => `${month} bill`,
    average: 'On average',
    at1000: (cents: string) => `${cents} ¢ at exactly 1,000 kWh`,
    ends: 'Ends',
    monthToMonth: 'any month',
    ifToday: 'if it begins today',
    summer: 'in summer, when prices tend to be higher',
    leave: 'To leave early',
    nothing: 'nothing',
    perMonth: (usd: string) => `${usd} for each month left`,
    unknown: 'not told',
    green: 'Renewable',
    sure: 'How sure',
    documents: 'Documents',
    efl: 'Facts label',
    tos: 'Terms of service',
    yrac: 'Your rights',
    prepaidDisclosure: 'Prepaid disclosure',
    source: 'Source',
    call: 'Call',
    goTo: (provider: string) => `Go to ${provider}`,
    compare: 'Compare with the lowest',
    also: 'Also',
    earn: 'We earn nothing from it.',
    orCall: (phone: string) => `Or call ${phone}.`,
    firstSeen: 'First seen',
    changed: 'Terms last changed',
  },
  sure: {
    known: ['● Known', 'the three published prices lie on one line'],
    components: ['● Known', 'the listed charges give all three published prices'],
    workedOut: ['◐ Worked out', 'the three published prices and the plan’s text agree'],
    remembered: ['◐ Worked out', 'the prices agree with what the plan’s text said earlier'],
    short: ['○ Estimate', 'each bill is known, but the price ends before the year does'],
    published: ['● Known', 'published for just these usages'],
    estimate: ['○ Estimate', 'see below what it rests on'],
    unknown: ['○ Not known', 'fewer than two prices are published'],
  },
};

const HOMES_EN: Record<Home, string> = {
  apartment: 'an apartment',
  house: 'a house',
  large: 'a large house',
  own: 'your home',
};
const HOMES_ES: Record<Home, string> = {
  apartment: 'un apartamento',
  house: 'una casa',
  large: 'una casa grande',
  own: 'su casa',
};
const toHome = {
  apartment: 'a un apartamento',
  house: 'a una casa',
  large: 'a una casa grande',
  own: 'a su casa',
} satisfies Record<Home, string>;

export type PlanWords = typeof en;

const es: PlanWords = {
  homeName: { apartment: 'apartamento', house: 'casa', large: 'casa grande', own: 'casa' },
  costs: (name, usd, home) => `${name} le cuesta ${toHome[home]} ${usd} al año`,
  costsAbout: (name, usd, home) =>
    `${name} le cuesta ${toHome[home]} unos ${usd} al año, según una estimación`,
  costUnknown: (name) => `No se sabe cuánto cuesta un año con ${name}`,
  title: (name, provider, tdsp, year) => `${name} de ${provider}, ${tdsp}: ${year}`,
  titleYear: (usd, home) => `${usd} al año para ${HOMES_ES[home]}`,
  titleUnknown: 'precio y condiciones',
  description: (terms, provider, tdsp, trap) =>
    `${terms}, de ${provider}, donde ${tdsp} entrega la luz. ${trap} La cuenta mes por mes, el precio a lo largo del tiempo y los documentos.`,
  place: (place, of, above) =>
    `Es el número ${place} de ${of} planes cuyo año se conoce${above === null ? ', el más bajo de todos' : `, ${above} más que el más bajo`}.`,
  notRanked: (of, lowest) => `Va detrás de los ${of} planes cuyo año se conoce, que empiezan en ${lowest}.`,
  by: 'De',
  rated: (stars) => `calificación ${stars} de 5 según el estado`,
  unrated: 'sin calificación del estado',
  fixed: (months) => `Precio fijo por ${months === 1 ? 'un mes' : `${months} meses`}`,
  variable: 'El precio puede cambiar cada mes',
  indexed: 'El precio sigue un índice y puede cambiar cada mes',
  kindUnknown: 'El proveedor no dice si el precio puede cambiar',
  kind(rate_type, months) {
    if (rate_type === 'variable') return this.variable;
    if (rate_type === 'indexed') return this.indexed;
    return rate_type === null || months === null ? this.kindUnknown : this.fixed(months);
  },
  misses: (usd, months, near) =>
    `Pierde su crédito de ${usd} en ${months} de sus 12 meses${near === 0 ? '' : near === 1 ? ', una vez por 10 kWh o menos' : `, ${near} de ellos por 10 kWh o menos`}.`,
  missesSum: (usd) => `Son ${usd} de crédito al año que no se pagan.`,
  never: (usd) => `Con su consumo nunca llega a su crédito de ${usd}.`,
  months: {
    head: 'Sus doce meses',
    yours: (home, kwh) => `Lo suyo: ${HOMES_ES[home]}, ${kwh} kWh al año.`,
    change: 'Cambiarlo',
    lead: (dearer, dearUsd, dearKwh, cheaper, cheapUsd, cheapKwh) =>
      `${dearer} cuesta ${dearUsd} por ${dearKwh} kWh, y ${cheaper} apenas ${cheapUsd} por ${cheapKwh}: lo decide el crédito, no el consumo.`,
    picture: (least, most, missed) =>
      `Cuenta de cada uno de los próximos doce meses, de ${least} a ${most}.${missed > 0 ? ` En ${missed} meses se pierde el crédito.` : ''} Las cifras están en la tabla de abajo.`,
    keyBill: 'cuenta en $',
    keyMissed: 'crédito perdido',
    keyMiddle: (plans) => `la mitad de ${plans} planes`,
    keyKwh: 'debajo del mes: kWh',
    table: 'Lo mismo en una tabla',
    columns: ['Mes', 'kWh', 'Cuenta', 'Mitad', 'Crédito'],
    paid: 'pagado',
    short: (kwh) => `perdido por ${kwh} kWh`,
    over: 'perdido por usar de más',
  },
  facts: {
    label: 'Datos del plan',
    bill: (month) => `Cuenta de ${month}`,
    average: 'En promedio',
    at1000: (cents) => `${cents} ¢ con 1,000 kWh exactos`,
    ends: 'Termina',
    monthToMonth: 'cualquier mes',
    ifToday: 'si empieza hoy',
    summer: 'en verano, cuando los precios suelen subir',
    leave: 'Por salir antes',
    nothing: 'nada',
    perMonth: (usd) => `${usd} por cada mes que falte`,
    unknown: 'no se dice',
    green: 'Renovable',
    sure: 'Certeza',
    documents: 'Documentos',
    efl: 'Etiqueta de datos (EFL)',
    tos: 'Términos del servicio',
    yrac: 'Sus derechos',
    prepaidDisclosure: 'Aviso de prepago',
    source: 'Fuente',
    call: 'Teléfono',
    goTo: (provider) => `Ir a ${provider}`,
    compare: 'Comparar con el más bajo',
    also: 'Además',
    earn: 'No ganamos nada con ello.',
    orCall: (phone) => `O llame al ${phone}.`,
    firstSeen: 'Visto por primera vez',
    changed: 'Último cambio',
  },
  sure: {
    known: ['● Conocida', 'los tres precios publicados están en una línea'],
    components: ['● Conocida', 'los cargos de la lista dan los tres precios publicados'],
    workedOut: ['◐ Calculada', 'los tres precios publicados y el texto del plan coinciden'],
    remembered: ['◐ Calculada', 'los precios coinciden con lo que el texto del plan decía antes'],
    short: ['○ Estimación', 'cada cuenta se conoce, pero el precio termina antes que el año'],
    published: ['● Conocida', 'publicada justo para estos consumos'],
    estimate: ['○ Estimación', 'abajo se dice en qué se basa'],
    unknown: ['○ No se conoce', 'se publican menos de dos precios'],
  },
};

export const PLAN: InBoth<PlanWords> = { en, es };
export type { Home };
