/** What a list of plans says: of a city or a ZIP code, of its plans, and of each of them. */

import { cents, dollars, dollarsAndCents, whole } from '../format.ts';
import type { InBoth } from '../language.ts';
import type { PriceKind, TermBand, Unwanted, Usage } from '../list/list-query.ts';

/** How far a year's cost is known. */
export type Sureness = 'known' | 'worked_out' | 'estimate' | 'unknown';
export type Season = 'winter' | 'spring' | 'summer' | 'fall';

const times = (n: number, one: string, many: string) => `${n === 1 ? one : `${whole(n)} ${many}`}`;

const en = {
  title: (place: string) => `Electricity plans in ${place}, Texas: what a year costs`,
  description: (plans: number, place: string, tdsp: string, lowest: string) =>
    `${whole(plans)} plans for homes in ${place} delivered by ${tdsp}, in order of what a year costs at your usage.${lowest}`,
  lowestKnown: (usd: number) => ` Lowest known year for a house: ${dollars(usd)}.`,
  who: {
    apartment: 'An apartment',
    house: 'A house',
    large: 'A large house',
    own: 'Your home',
    flat: 'Your home',
  } satisfies Record<Usage, string>,
  headline: (who: string, place: string, usd: number) =>
    `${who} in ${place} pays ${dollars(usd)} a year or more for electricity`,
  headlineOfSome: (who: string, place: string, usd: number) =>
    `Where it can choose in ${place}, ${who.toLowerCase()} pays ${dollars(usd)} a year or more`,
  filtered: (sentence: string) => `With these filters, ${sentence[0]!.toLowerCase()}${sentence.slice(1)}`,
  noKnown: (place: string) => `Electricity plans in ${place}`,
  nothingFits: 'No plan passes all of these filters.',
  noneKnown: (plans: number) =>
    `${plans === 1 ? 'The bill of this plan is' : `The bills of these ${whole(plans)} plans are`} not known for every month: below stands what today’s prices would make of them.`,
  lowestIs: 'The lowest is ',
  by: ' by ',
  halfAbove: (plans: number, usd: number) =>
    `. Half of the ${whole(plans)} plans with a known bill cost more than ${dollars(usd)}.`,
  advertised: ' The plan with the lowest price at 1,000 kWh, ',
  advertisedAt: (rate: number) => ` at ${cents(rate)} ¢, costs the same home `,
  advertisedRank: (rank: number, of: number) => `: it is number ${whole(rank)} of ${whole(of)}`,
  becauseMissed: (usd: number, months: number) =>
    `, because it misses its ${dollarsAndCents(usd)} credit in ${months} of the 12 months`,
  toADollar: (usd: number) =>
    ` A year is known to about ${dollars(usd)}, because the source rounds its prices.`,
  usage: {
    label: 'Your usage',
    apartment: 'Apartment',
    house: 'House',
    large: 'Large',
    own: 'My own',
    flat: (kwh: number) => `${whole(kwh)} kWh a month`,
    aYear: (kwh: number) => `${whole(kwh)} kWh`,
    perYear: ' a year',
    twelve: '12 numbers',
    oneMonth: 'or one month’s kWh',
    show: 'Show',
    ownTitle: 'Your kWh in each month',
    ownHelp: 'They stand on your bills, or in your account at smartmetertexas.com.',
  },
  filter: {
    open: (plans: number) => `Filter ${whole(plans)} plans`,
    price: 'Price',
    term: 'Term',
    without: 'Leave out',
    provider: 'Provider',
    anyProvider: 'Any',
    show: 'Show these plans',
    reset: 'Show all plans',
    priceKinds: {
      fixed: 'Fixed for all 12 months',
      part: 'Fixed for part of the year',
      changes: 'May change any month',
    } satisfies Record<PriceKind, string>,
    terms: {
      '0-11': 'Up to 11 months',
      '12-18': '12 to 18 months',
      '19-36': '19 to 36 months',
      '37-': 'Over 36 months',
    } satisfies Record<TermBand, string>,
    unwanted: {
      credits: 'Bill credits',
      hours: 'Price by the hour',
      prepaid: 'Prepaid',
      autopay: 'Auto-pay required',
      newcomers: 'New customers only',
      'exit-fee-over-200': 'Exit fee over $200',
      'not-green': 'Less than 100 % green',
    } satisfies Record<Unwanted, string>,
  },
  groups: {
    known: 'Price fixed for all twelve months',
    knownRule: (plans: number) =>
      plans === 0
        ? 'None of these plans.'
        : `${times(plans, 'One plan', 'plans')} with a known bill for every month, in order of the year’s cost. At the same cost: surer bill first, then smaller exit fee, shorter term, greener. Nobody can pay for a place.`,
    wholeRule: 'The whole rule',
    part: 'Price fixed for part of the year',
    partRule: (plans: number) =>
      `${times(plans, 'One plan', 'plans')}. The year’s cost assumes that today’s price goes on; nobody has promised that.`,
    estimates: 'Estimates',
    estimatesRule: (plans: number) =>
      `${times(plans, 'One plan', 'plans')} whose bill depends on the hour, the market, or a text that we could not work out. Never placed above a known bill.`,
    more: (plans: number, from: number, to: number) =>
      `${times(plans, 'One more plan', 'more plans')} from ${dollars(from)} to ${dollars(to)}.`,
    showAll: (plans: number) => `Show all ${whole(plans)}`,
    leftOut: 'Left out',
    leftOutFilters: (plans: number) => `${times(plans, 'One plan is', 'plans are')} hidden by your filters.`,
    leftOutUnknown: (names: string) => `Without enough published prices to work out a year: ${names}.`,
    leftOutUnread: (records: readonly string[]) =>
      `${times(records.length, 'One record', 'records')} of the source that cannot be read, and not sold here before: ${records.join('; ')}.`,
    unread: (id: string | null, field: string, value: string, reason: string) =>
      `${id === null ? 'without a number' : `number ${id}`}, whose ${field} “${value}” ${reason}`,
    leftOutNone: 'No plan of this market is left out.',
  },
  columns: {
    year: 'A year',
    plan: 'Plan',
    leave: 'To leave',
    term: 'Term',
    green: 'Green',
    curve: 'Bill by usage',
    curveHelp: '0 to 3,000 kWh; grey: the middle of the market; dotted: beyond the published prices',
    sure: 'How sure',
    compare: 'Compare',
  },
  inMonth: (month: string) => ` in ${month} · `,
  toLeave: ' to leave',
  noExitFee: 'no exit fee',
  exitUnknown: 'exit fee not stated',
  perMonthLeft: (usd: number) => `${dollarsAndCents(usd)} a month left`,
  none: 'none',
  notStated: 'not stated',
  greenAfter: ' green',
  months: (n: number) => times(n, '1 month', 'months'),
  monthToMonth: 'month to month',
  termUnknown: 'term not stated',
  termEnds: (month: string, season: string) => `to ${month}, ${season}`,
  seasons: { winter: 'winter', spring: 'spring', summer: 'summer', fall: 'fall' } satisfies Record<
    Season,
    string
  >,
  rated: (stars: number) => `rated ${stars} of 5`,
  notRated: 'not rated',
  ratedHelp: 'The state’s own score of the provider’s complaints',
  sure: {
    known: ['● Known', 'The charges, or three published prices on one line, prove it'],
    worked_out: ['◐ Worked out', 'From the published prices and the stated credit, or a little beyond them'],
    estimate: ['○ Estimate', 'With today’s price, or between what the text leaves open'],
    unknown: ['○ Unknown', 'Too few prices are published'],
  } as Record<Sureness, readonly [text: string, why: string]>,
  labels: {
    missesCredit: (usd: number, months: number) =>
      `Misses its ${dollarsAndCents(usd)} credit in ${months} of your 12 months`,
    needsUsage: (usd: number, kwh: number) =>
      `Its ${dollarsAndCents(usd)} credit needs ${whole(kwh)} kWh in every month`,
    dearBelow: (usd: number, kwh: number, months: number) =>
      `${dollarsAndCents(usd)} more below ${whole(kwh)} kWh: ${months} of your 12 months`,
    dearFrom: (usd: number, kwh: number) => `${dollarsAndCents(usd)} more from ${whole(kwh)} kWh a month on`,
    openText: 'Its words leave the bill open',
    minimumUsage: 'A minimum-usage fee or credit that its text does not explain',
    timeOfUse: 'Price depends on the hour',
    prepaid: 'Prepaid: you pay before you use',
    variable: 'Price may change every month',
    indexed: 'Price follows an index',
    unknownKind: 'Whether the price is fixed is not stated',
    fixedFor: (months: number) => `Fixed for ${months} of the 12 months`,
    once: (usd: number) => `One-off purchase of ${dollarsAndCents(usd)}, included in the year`,
    autoPay: 'Auto-pay required',
    base: (usd: number) => `${dollars(usd)} a month before any use`,
    moved: (from: number, to: number, day: string) =>
      `${cents(from)} ¢ before ${day}, ${cents(to)} ¢ now, at 1,000 kWh`,
    lowest: 'Lowest price in 90 days',
    remarks: {
      name_term: 'Name and term disagree',
      exit_fee: 'Unusually high exit fee',
      bill_falls: 'The bill falls as use rises, and no text says why',
      stated_credit: 'Its credit does not explain its prices: read the label',
      components_differ: 'Its charges do not add up to its prices: read the label',
    } as Record<string, string>,
  },
  tray: {
    label: 'Side by side',
    count: (n: number) => `${n} of 4`,
    compare: 'Compare',
    pick: (plan: string) => `Compare ${plan}`,
  },
  strip: (plans: number, low: number, half: number, high: number) =>
    `What a year costs in ${plans} plans, one stroke each: from ${dollars(low)} to ${dollars(high)}, half above ${dollars(half)}.`,
  stripLow: (usd: number) => `${dollars(usd)} lowest`,
  stripHalf: (usd: number) => `half above ${dollars(usd)}`,
  deliveredBy: (tdsp: string) => `Delivered by ${tdsp}`,
};

type ListWords = typeof en;

const es: ListWords = {
  title: (place) => `Planes de electricidad en ${place}, Texas: cuánto cuesta un año`,
  description: (plans, place, tdsp, lowest) =>
    `${whole(plans)} planes para casas en ${place} de la red de ${tdsp}, ordenados por lo que cuesta un año con su consumo.${lowest}`,
  lowestKnown: (usd) => ` El año más barato conocido para una casa: ${dollars(usd)}.`,
  who: {
    apartment: 'Un apartamento',
    house: 'Una casa',
    large: 'Una casa grande',
    own: 'Su casa',
    flat: 'Su casa',
  },
  headline: (who, place, usd) => `${who} en ${place} paga ${dollars(usd)} al año o más por la luz`,
  headlineOfSome: (who, place, usd) =>
    `Donde se puede elegir en ${place}, ${who.toLowerCase()} paga ${dollars(usd)} al año o más`,
  filtered: (sentence) => `Con estos filtros, ${sentence[0]!.toLowerCase()}${sentence.slice(1)}`,
  noKnown: (place) => `Planes de electricidad en ${place}`,
  nothingFits: 'Ningún plan pasa todos estos filtros.',
  noneKnown: (plans) =>
    `${plans === 1 ? 'La cuenta de este plan' : `La cuenta de estos ${whole(plans)} planes`} no se conoce para todos los meses: abajo está lo que saldría con los precios de hoy.`,
  lowestIs: 'El más bajo es ',
  by: ' de ',
  halfAbove: (plans, usd) =>
    `. La mitad de los ${whole(plans)} planes de cuenta conocida cuesta más de ${dollars(usd)}.`,
  advertised: ' El plan con el precio más bajo a 1,000 kWh, ',
  advertisedAt: (rate) => ` a ${cents(rate)} ¢, le cuesta a la misma casa `,
  advertisedRank: (rank, of) => `: es el número ${whole(rank)} de ${whole(of)}`,
  becauseMissed: (usd, months) =>
    `, porque pierde su crédito de ${dollarsAndCents(usd)} en ${months} de los 12 meses`,
  toADollar: (usd) => ` El año se conoce con un margen de unos ${dollars(usd)}, porque la fuente redondea.`,
  usage: {
    label: 'Su consumo',
    apartment: 'Apartamento',
    house: 'Casa',
    large: 'Grande',
    own: 'El mío',
    flat: (kwh) => `${whole(kwh)} kWh al mes`,
    aYear: (kwh) => `${whole(kwh)} kWh`,
    perYear: ' al año',
    twelve: '12 números',
    oneMonth: 'o los kWh de un mes',
    show: 'Ver',
    ownTitle: 'Sus kWh de cada mes',
    ownHelp: 'Están en sus recibos, o en su cuenta de smartmetertexas.com.',
  },
  filter: {
    open: (plans) => `Filtrar ${whole(plans)} planes`,
    price: 'Precio',
    term: 'Plazo',
    without: 'Quitar',
    provider: 'Compañía',
    anyProvider: 'Cualquiera',
    show: 'Ver estos planes',
    reset: 'Ver todos los planes',
    priceKinds: {
      fixed: 'Fijo los 12 meses',
      part: 'Fijo parte del año',
      changes: 'Puede cambiar cada mes',
    },
    terms: {
      '0-11': 'Hasta 11 meses',
      '12-18': '12 a 18 meses',
      '19-36': '19 a 36 meses',
      '37-': 'Más de 36 meses',
    },
    unwanted: {
      credits: 'Créditos por consumo',
      hours: 'Precio por hora',
      prepaid: 'Prepago',
      autopay: 'Exige pago automático',
      newcomers: 'Solo clientes nuevos',
      'exit-fee-over-200': 'Cargo por salir de más de $200',
      'not-green': 'Menos de 100 % renovable',
    },
  },
  groups: {
    known: 'Precio fijo los doce meses',
    knownRule: (plans) =>
      plans === 0
        ? 'Ninguno de estos planes.'
        : `${times(plans, 'Un plan', 'planes')} con la cuenta de cada mes conocida, por lo que cuesta el año. A igual costo: primero la cuenta más segura, luego menor cargo por salir, plazo más corto, más renovable. Nadie puede pagar por un lugar.`,
    wholeRule: 'La regla completa',
    part: 'Precio fijo parte del año',
    partRule: (plans) =>
      `${times(plans, 'Un plan', 'planes')}. El costo del año supone que el precio de hoy sigue igual; nadie lo ha prometido.`,
    estimates: 'Estimaciones',
    estimatesRule: (plans) =>
      `${times(plans, 'Un plan', 'planes')} cuya cuenta depende de la hora, del mercado o de un texto que no pudimos descifrar. Nunca van antes de una cuenta conocida.`,
    more: (plans, from, to) =>
      `${times(plans, 'Un plan más', 'planes más')}, de ${dollars(from)} a ${dollars(to)}.`,
    showAll: (plans) => `Ver los ${whole(plans)}`,
    leftOut: 'Fuera de la lista',
    leftOutFilters: (plans) => `Sus filtros ocultan ${times(plans, 'un plan', 'planes')}.`,
    leftOutUnknown: (names) => `Sin suficientes precios publicados para calcular un año: ${names}.`,
    leftOutUnread: (records) =>
      `${times(records.length, 'Un registro', 'registros')} de la fuente que no se puede leer, y que no se vendía aquí antes: ${records.join('; ')}.`,
    unread: (id, field, value) =>
      `${id === null ? 'sin número' : `el número ${id}`}, porque en ${field} dice “${value}”`,
    leftOutNone: 'Ningún plan de este mercado queda fuera.',
  },
  columns: {
    year: 'Al año',
    plan: 'Plan',
    leave: 'Por salir',
    term: 'Plazo',
    green: 'Renovable',
    curve: 'Cuenta según consumo',
    curveHelp:
      'De 0 a 3,000 kWh; en gris, la mitad del mercado; con puntos, más allá de los precios publicados',
    sure: 'Certeza',
    compare: 'Comparar',
  },
  inMonth: (month) => ` en ${month} · `,
  toLeave: ' por salir',
  noExitFee: 'sin cargo por salir',
  exitUnknown: 'no dice cuánto cuesta salir',
  perMonthLeft: (usd) => `${dollarsAndCents(usd)} por mes restante`,
  none: 'ninguno',
  notStated: 'no dice',
  greenAfter: ' renovable',
  months: (n) => times(n, '1 mes', 'meses'),
  monthToMonth: 'mes a mes',
  termUnknown: 'no dice el plazo',
  termEnds: (month, season) => `hasta ${month}, ${season}`,
  seasons: { winter: 'invierno', spring: 'primavera', summer: 'verano', fall: 'otoño' },
  rated: (stars) => `calificada ${stars} de 5`,
  notRated: 'sin calificación',
  ratedHelp: 'La calificación del estado según las quejas contra la compañía',
  sure: {
    known: ['● Conocida', 'La prueban los cargos, o tres precios publicados en una misma recta'],
    worked_out: [
      '◐ Calculada',
      'Con los precios publicados y el crédito que dice el texto, o un poco más allá',
    ],
    estimate: ['○ Estimada', 'Con el precio de hoy, o entre lo que el texto deja abierto'],
    unknown: ['○ Desconocida', 'Hay muy pocos precios publicados'],
  },
  labels: {
    missesCredit: (usd, months) =>
      `Pierde su crédito de ${dollarsAndCents(usd)} en ${months} de sus 12 meses`,
    needsUsage: (usd, kwh) => `Su crédito de ${dollarsAndCents(usd)} exige ${whole(kwh)} kWh todos los meses`,
    dearBelow: (usd, kwh, months) =>
      `${dollarsAndCents(usd)} más por debajo de ${whole(kwh)} kWh: ${months} de sus 12 meses`,
    dearFrom: (usd, kwh) => `${dollarsAndCents(usd)} más desde ${whole(kwh)} kWh al mes`,
    openText: 'Su texto deja abierta la cuenta',
    minimumUsage: 'Cargo o crédito por consumo mínimo que su texto no explica',
    timeOfUse: 'El precio depende de la hora',
    prepaid: 'Prepago: paga antes de usar',
    variable: 'El precio puede cambiar cada mes',
    indexed: 'El precio sigue un índice',
    unknownKind: 'No dice si el precio es fijo',
    fixedFor: (months) => `Fijo ${months} de los 12 meses`,
    once: (usd) => `Compra única de ${dollarsAndCents(usd)}, incluida en el año`,
    autoPay: 'Exige pago automático',
    base: (usd) => `${dollars(usd)} al mes antes de consumir`,
    moved: (from, to, day) => `${cents(from)} ¢ antes del ${day}, ${cents(to)} ¢ ahora, a 1,000 kWh`,
    lowest: 'El precio más bajo en 90 días',
    remarks: {
      name_term: 'El nombre y el plazo no coinciden',
      exit_fee: 'Cargo por salir más alto de lo común',
      bill_falls: 'La cuenta baja al consumir más, y ningún texto dice por qué',
      stated_credit: 'Su crédito no explica sus precios: lea la etiqueta',
      components_differ: 'Sus cargos no suman sus precios: lea la etiqueta',
    },
  },
  tray: {
    label: 'Lado a lado',
    count: (n) => `${n} de 4`,
    compare: 'Comparar',
    pick: (plan) => `Comparar ${plan}`,
  },
  strip: (plans, low, half, high) =>
    `Lo que cuesta un año en ${plans} planes, una raya por plan: de ${dollars(low)} a ${dollars(high)}, la mitad por encima de ${dollars(half)}.`,
  stripLow: (usd) => `${dollars(usd)} mínimo`,
  stripHalf: (usd) => `la mitad, más de ${dollars(usd)}`,
  deliveredBy: (tdsp) => `Red de ${tdsp}`,
};

export const LIST: InBoth<ListWords> = { en, es };
