/** What the pages of a market, of a provider and of all Texas say. */

import type { InBoth } from '../language.ts';
import type { Home } from './plan.ts';

const WHO_EN: Record<Home, string> = {
  apartment: 'An apartment',
  house: 'A house',
  large: 'A large house',
  own: 'Your home',
};
const WHO_ES: Record<Home, string> = {
  apartment: 'Un apartamento',
  house: 'Una casa',
  large: 'Una casa grande',
  own: 'Su casa',
};
const plansEn = (count: number) => (count === 1 ? 'one plan' : `${count} plans`);
const plansEs = (count: number) => (count === 1 ? 'un plan' : `${count} planes`);

const en = {
  market: {
    title: (tdsp: string) => `Electricity where ${tdsp} delivers: prices, this week’s changes`,
    description: (tdsp: string, plans: number, lowest: string) =>
      `${plans} plans where ${tdsp} delivers the power; lowest known year ${lowest}. How prices moved, what changed this week.`,
    head: (home: Home, usd: string, tdsp: string) =>
      `${WHO_EN[home]} pays ${usd} a year or more where ${tdsp} delivers`,
    headNone: (tdsp: string) => `No plan has a known year where ${tdsp} delivers`,
    lead: (known: number, all: number, middle: string) =>
      `Of ${all} plans, ${known} have a known year; half of those cost ${middle} or less.`,
    places: 'Largest places',
    spread: 'What the plans cost',
    spreadLead: 'One stroke is a plan with a known year.',
    spreadPicture: (plans: number, least: string, middle: string, most: string) =>
      `${plans} plans with a known year, from ${least} to ${most}; the middle one costs ${middle}.`,
    lowest: (usd: string) => `${usd} lowest`,
    middle: (usd: string) => `${usd} middle`,
    most: (usd: string) => `${usd} highest`,
    plans: 'Lowest known years',
    index: 'The price at 1,000 kWh, week by week',
    indexLead: (middle: string, least: string) =>
      `The middle plan costs ${middle} ¢ now, the lowest ${least} ¢. A price at one usage says little about a bill, but it shows how the market moves.`,
    indexPicture: 'Middle and lowest price at 1,000 kWh of each week. The table below has the figures.',
    indexShort: 'This market has been read for less than two weeks, so there is no line to draw yet.',
    middleName: 'middle',
    leastName: 'lowest',
    indexColumns: ['Week from', 'Lowest', 'Middle', 'Plans'],
    week: 'This week',
    weekLead: (cheaper: number, dearer: number, listed: number, withdrawn: number) =>
      `${plansEn(cheaper)} cheaper at 1,000 kWh, ${plansEn(dearer)} dearer, ${listed} new, ${withdrawn} withdrawn.`,
    weekNone: 'No plan changed its price, came or went in the last seven days.',
    weekCut: 'More happened than is counted here.',
    weekColumns: ['Day', 'Plan', 'What happened'],
    weekShown: (shown: number) => `Here the ${shown} with the largest moves, the latest day first.`,
    event: {
      changed: (from: string, to: string) => `${from} → ${to} ¢`,
      terms: 'terms changed',
      listed: (cents: string | null) => (cents === null ? 'new' : `new, ${cents} ¢`),
      relisted: 'back on sale',
      withdrawn: 'withdrawn',
    },
    away: 'How prices moved cannot be read just now. What is above is current.',
    table: 'The same as a table',
  },
  provider: {
    title: (name: string, plans: number) => `${name}: ${plansEn(plans)} in Texas, and what a year costs`,
    description: (name: string, lowest: string) =>
      `Every plan of ${name} in order of what a year costs, with the state’s rating. ${lowest}`,
    head: (name: string, home: Home, usd: string) =>
      `With ${name} ${WHO_EN[home].toLowerCase()} pays ${usd} a year or more`,
    headNone: (name: string) => `${name}: no plan with a known year`,
    lead: (plans: number, areas: number) =>
      `${plansEn(plans)} in ${areas === 1 ? 'one delivery area' : `${areas} delivery areas`}.`,
    facts: 'Provider facts',
    rating: 'Rated by the state',
    stars: (stars: number) => `${stars} of 5`,
    ratingWhat: 'by complaints to the Public Utility Commission',
    unrated: 'no rating',
    phone: 'Phone',
    website: 'Website',
    legal: 'Legal name',
    certificate: 'PUCT certificate',
    firstSeen: 'First seen',
    activity: 'In the last 90 days',
    repriced: (count: number, days: number) =>
      count === 0
        ? 'no price changed'
        : `${count} price changes on ${days === 1 ? 'one day' : `${days} days`}`,
    listed: (listed: number, withdrawn: number) => `${listed} new, ${withdrawn} withdrawn`,
    where: (tdsp: string) => `Where ${tdsp} delivers`,
    standing: (place: number, of: number) => `Its lowest is number ${place} of ${of} with a known year.`,
    rest: (plans: number) => `${plansEn(plans)} more, whose year is an estimate:`,
    gone: (name: string) => `${name} sells no plan here now`,
    goneText: 'It was in the list before. A contract that was signed holds to its end.',
  },
  texas: {
    title: 'Electricity in Texas: six delivery areas, and what a year costs in each',
    description: (least: string, most: string) =>
      `Map and table of the six Texas delivery companies; lowest known year for a house from ${least} to ${most}.`,
    head: (home: Home, least: string, where: string, most: string, other: string) =>
      `${WHO_EN[home] === 'Your home' ? 'The same home' : `The same ${WHO_EN[home].replace(/^An? /, '')}`} pays ${least} where ${where} delivers, ${most} where ${other} does`,
    headPlain: 'Six companies deliver the power in Texas',
    lead: (home: Home, kwh: string) =>
      `Who delivers the power depends on the address; who sells it is your choice. Lowest known year for ${WHO_EN[home].toLowerCase()} of ${kwh} kWh.`,
    by: 'Colour the map by',
    modes: { company: 'delivery company', price: 'lowest year', age: 'age of the prices' },
    picture: (places: number) =>
      `Map of Texas with ${places} places that have a choice. The tables have what it shows.`,
    columns: ['Delivered by', 'Lowest year', 'Half above', 'Plans', 'Places'],
    and: 'and around',
    note: (places: number) =>
      `Each dot is one of ${places} cities and towns; large dots have more than 100,000 people. Delivery areas do not follow county lines, so we draw none. Rings are large cities where most homes cannot choose. Where nothing stands, a cooperative or another utility sells the power. County shapes: US Census.`,
    shared: ({ cities, zips }: { cities: number; zips: number }) =>
      `A dot with a rim is one of ${cities} places where two companies deliver, as they do in ${zips} ZIP codes: the rim is the second, and the address decides.`,
    priceNote:
      'A county has the colour of the lowest known year that any of its places can get: the lighter, the lower. No colour: no place with a choice.',
    ageNote: 'A county has the colour of the oldest prices any of its places depends on.',
    fresh: 'confirmed lately',
    stale: 'not confirmed lately',
    counties: (count: number) => `All ${count} counties with a choice, as a table`,
    countyColumns: ['Delivered by, and where', 'Lowest year, read'],
    unknown: 'not known',
  },
};

type MarketWords = typeof en;

const es: MarketWords = {
  market: {
    title: (tdsp) => `La luz donde entrega ${tdsp}: precios y cambios de la semana`,
    description: (tdsp, plans, lowest) =>
      `${plans} planes donde ${tdsp} entrega la luz; el año más bajo que se conoce, ${lowest}. Cómo se movieron los precios y qué cambió esta semana.`,
    head: (home, usd, tdsp) => `${WHO_ES[home]} paga ${usd} al año o más donde entrega ${tdsp}`,
    headNone: (tdsp) => `Donde entrega ${tdsp} no hay ningún plan cuyo año se conozca`,
    lead: (known, all, middle) =>
      `De ${all} planes, ${known} tienen un año conocido; la mitad de ellos cuesta ${middle} o menos.`,
    places: 'Lugares más grandes',
    spread: 'Lo que cuestan los planes',
    spreadLead: 'Cada raya es un plan cuyo año se conoce.',
    spreadPicture: (plans, least, middle, most) =>
      `${plans} planes cuyo año se conoce, de ${least} a ${most}; el de en medio cuesta ${middle}.`,
    lowest: (usd) => `${usd} el más bajo`,
    middle: (usd) => `${usd} el de en medio`,
    most: (usd) => `${usd} el más alto`,
    plans: 'Los años más bajos que se conocen',
    index: 'El precio con 1,000 kWh, semana por semana',
    indexLead: (middle, least) =>
      `El plan de en medio cuesta hoy ${middle} ¢ y el más bajo ${least} ¢. Un precio con un solo consumo no es una cuenta, pero muestra cómo se mueve el mercado.`,
    indexPicture:
      'Precio más bajo y de en medio con 1,000 kWh en cada semana. Las cifras están en la tabla de abajo.',
    indexShort: 'Este mercado se lee desde hace menos de dos semanas; todavía no hay línea que dibujar.',
    middleName: 'el de en medio',
    leastName: 'el más bajo',
    indexColumns: ['Semana desde', 'Más bajo', 'De en medio', 'Planes'],
    week: 'Esta semana',
    weekLead: (cheaper, dearer, listed, withdrawn) =>
      `${plansEs(cheaper)} más baratos con 1,000 kWh, ${plansEs(dearer)} más caros, ${listed} nuevos, ${withdrawn} retirados.`,
    weekNone: 'En los últimos siete días ningún plan cambió de precio, llegó ni se fue.',
    weekCut: 'Pasó más de lo que aquí se cuenta.',
    weekColumns: ['Día', 'Plan', 'Qué pasó'],
    weekShown: (shown) => `Aquí los ${shown} que más se movieron, primero el último día.`,
    event: {
      changed: (from, to) => `${from} → ${to} ¢`,
      terms: 'cambiaron las condiciones',
      listed: (cents) => (cents === null ? 'nuevo' : `nuevo, ${cents} ¢`),
      relisted: 'de nuevo a la venta',
      withdrawn: 'retirado',
    },
    away: 'Cómo se movieron los precios no se puede leer en este momento. Lo de arriba está al día.',
    table: 'Lo mismo en una tabla',
  },
  provider: {
    title: (name, plans) => `${name}: ${plansEs(plans)} en Texas y cuánto cuesta un año`,
    description: (name, lowest) =>
      `Todos los planes de ${name}, por lo que cuesta un año, con la calificación del estado. ${lowest}`,
    head: (name, home, usd) => `Con ${name}, ${WHO_ES[home].toLowerCase()} paga ${usd} al año o más`,
    headNone: (name) => `${name}: ningún plan cuyo año se conozca`,
    lead: (plans, areas) =>
      `${plansEs(plans)} en ${areas === 1 ? 'una zona de entrega' : `${areas} zonas de entrega`}.`,
    facts: 'Datos del proveedor',
    rating: 'Calificación del estado',
    stars: (stars) => `${stars} de 5`,
    ratingWhat: 'según las quejas ante la Comisión de Servicios Públicos',
    unrated: 'sin calificación',
    phone: 'Teléfono',
    website: 'Sitio web',
    legal: 'Nombre legal',
    certificate: 'Certificado PUCT',
    firstSeen: 'Visto por primera vez',
    activity: 'En los últimos 90 días',
    repriced: (count, days) =>
      count === 0
        ? 'ningún cambio de precio'
        : `${count} cambios de precio en ${days === 1 ? 'un día' : `${days} días`}`,
    listed: (listed, withdrawn) => `${listed} nuevos, ${withdrawn} retirados`,
    where: (tdsp) => `Donde entrega ${tdsp}`,
    standing: (place, of) => `El más bajo es el número ${place} de ${of} cuyo año se conoce.`,
    rest: (plans) => `${plansEs(plans)} más, cuyo año es una estimación:`,
    gone: (name) => `${name} no vende ningún plan aquí ahora`,
    goneText: 'Antes estaba en la lista. Un contrato firmado vale hasta que termina.',
  },
  texas: {
    title: 'La luz en Texas: seis zonas de entrega y cuánto cuesta un año en cada una',
    description: (least, most) =>
      `Mapa y tabla de las seis compañías de entrega de Texas; el año más bajo que se conoce para una casa, de ${least} a ${most}.`,
    head: (home, least, where, most, other) =>
      `${home === 'apartment' ? 'El mismo apartamento' : home === 'large' ? 'La misma casa grande' : 'La misma casa'} paga ${least} donde entrega ${where} y ${most} donde entrega ${other}`,
    headPlain: 'Seis compañías entregan la luz en Texas',
    lead: (home, kwh) =>
      `Quién entrega la luz depende de la dirección; quién la vende lo elige usted. El año más bajo que se conoce para ${WHO_ES[home].toLowerCase()} de ${kwh} kWh.`,
    by: 'Colorear el mapa por',
    modes: { company: 'compañía de entrega', price: 'año más bajo', age: 'edad de los precios' },
    picture: (places) =>
      `Mapa de Texas con ${places} lugares donde se puede elegir. Las tablas tienen lo que muestra.`,
    columns: ['Entrega', 'Año más bajo', 'La mitad, más de', 'Planes', 'Lugares'],
    and: 'y alrededores',
    note: (places) =>
      `Cada punto es una de ${places} ciudades y pueblos; los grandes tienen más de 100,000 habitantes. Las zonas de entrega no siguen los condados, por eso no dibujamos ninguna. Los anillos son ciudades grandes donde casi nadie puede elegir. Donde no hay nada, una cooperativa u otra empresa vende la luz. Condados: Censo de EE. UU.`,
    shared: ({ cities, zips }) =>
      `Un punto con borde es uno de ${cities} lugares donde entregan dos empresas, como en ${zips} códigos postales: el borde es la segunda, y decide la dirección.`,
    priceNote:
      'Un condado tiene el color del año más bajo que se conoce en alguno de sus lugares: cuanto más claro, más bajo. Sin color: ningún lugar donde se pueda elegir.',
    ageNote: 'Un condado tiene el color de los precios más viejos de los que depende alguno de sus lugares.',
    fresh: 'confirmados hace poco',
    stale: 'sin confirmar últimamente',
    counties: (count) => `Los ${count} condados donde se puede elegir, en una tabla`,
    countyColumns: ['Entrega, y dónde', 'Año más bajo, leído'],
    unknown: 'no se conoce',
  },
};

export const MARKET: InBoth<MarketWords> = { en, es };
