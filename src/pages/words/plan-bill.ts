/** What the page of a plan says of its bill: the arithmetic, the curve, other usages, other plans, the past, what is odd. */

import type { InBoth } from '../language.ts';

const en = {
  made: {
    head: 'How the bill is made',
    lead: (kwh: string) => `Two of your months, ${kwh} kWh apart.`,
    leadEqual: 'Two of your months.',
    charge: 'Charge and where it is written',
    notPaid: 'not paid',
    notCharged: '–',
    sum: 'Bill before tax',
    about: 'About, before tax',
    base: 'Once a month, whatever you use',
    baseFrom: 'Worked out: what the three published prices leave at 0 kWh, delivery included',
    energy: (cents: string) => `${cents} ¢ × kWh`,
    energyFrom: 'Worked out from the three published prices, delivery included; ±0.05 ¢',
    published: 'Average price × kWh',
    publishedFrom: (cents: string, kwh: string) =>
      `Published on the facts label: ${cents} ¢ at ${kwh} kWh, all charges included`,
    credit: (where: string) => `Credit ${where}`,
    fee: (where: string) => `Fee ${where}`,
    below: (kwh: string) => `below ${kwh} kWh`,
    from: (kwh: string) => `from ${kwh} kWh`,
    between: (from: string, to: string) => `from ${from} to ${to} kWh`,
    upTo: (kwh: string) => `up to ${kwh} kWh`,
    blockPrice: (cents: string, where: string) => `${cents} ¢ ${where}`,
    blocks: (prices: string) => `The stated prices: ${prices}`,
    always: 'every month',
    someMonths: (months: string) => `in ${months}, spread over the year`,
    quote: (text: string) => `The plan says: “${text}”`,
    noQuote: 'As the plan’s text says',
    flat: (kwh: string) => `The same amount below ${kwh} kWh`,
    component: { delivery: 'Delivery', credit: 'Credit', 'energy company': 'Energy' } as Record<
      string,
      string
    >,
    componentMonth: (what: string) => `${what}, a month`,
    componentKwh: (what: string, cents: string) => `${what}, ${cents} ¢ × kWh`,
    componentFrom: 'As the provider lists it',
    shares: 'Shares and bands of usage',
    estimate: 'Between the published prices',
    estimateFrom: (usages: string) => `An estimate: published are only the prices at ${usages} kWh`,
    rounding: 'Rounding of the published prices',
    roundingFrom:
      'They are published to a tenth of a cent; the bill at a published usage is the published one',
    season: 'Paid in some months only',
    seasonFrom: 'The published prices spread over the year what the text gives to some months',
    once: 'What must be paid once is not in a month’s bill; it is in the year.',
    bounds: (low: string, high: string) => `It may be anything from ${low} to ${high} in the larger month.`,
    how: {
      components: 'The charges that the provider lists add up to all three published prices.',
      line: 'A straight line goes through the three published prices.',
      stated_credit: 'What the plan’s text says explains all three published prices.',
      remembered_text:
        'What the plan’s text said before explains all three published prices; it is no longer told.',
      hours: 'The price depends on the hour; the published averages rest on an assumed share of hours.',
      few: 'Only two prices are published.',
      unexplained: 'The published prices bend, and nothing that the plan’s text says explains how.',
      nothing: 'Too few prices are published to work out a bill.',
    },
    extrapolated: 'Beyond the published usages it goes on in the same way.',
  },
  curve: {
    head: 'The bill by usage',
    cliff: (usd: string, less: string, at: string, falls: boolean) =>
      falls
        ? `${usd} more if you use ${less} kWh instead of ${at}.`
        : `${usd} more as soon as you use ${at} kWh instead of ${less}.`,
    dotted: 'Dotted: beyond the published prices (500 to 2,000 kWh), an extrapolation.',
    estimate: 'Dotted: an estimate between the published prices; the shaded area is what it may be.',
    picture: (name: string, at500: string, at1000: string, at2000: string, gaps: string) =>
      `Monthly bill of ${name} from 0 to 3,000 kWh: ${at500} at 500 kWh, ${at1000} at 1,000, ${at2000} at 2,000.${gaps} The table below has the figures.`,
    gap: (usd: string, at: string) => [`${usd} gap`, `at ${at} kWh`] as const,
    gapSaid: (usd: string, at: string) => ` It jumps by ${usd} at ${at} kWh.`,
    middle: 'market’s middle',
    yours: 'your months',
    kwh: 'kWh',
    table: 'The same as a table',
  },
  whatIf: {
    head: 'What if I use more?',
    /** @param isBySteps more months reach the credit */
    lead: (percent: string, usd: string, isMore: boolean, isBySteps: boolean) =>
      `${percent} more usage would cost ${usd} ${isMore ? 'more' : 'less'} a year${isBySteps ? ', because more months reach the credit' : ''}.`,
    field: 'Change of usage, in %',
    button: 'Work it out',
    columns: ['Usage', 'A year', 'Credit missed', 'Against the middle'],
    less: (percent: string) => `${percent} less`,
    more: (percent: string) => `${percent} more`,
    now: 'As now',
    of12: (months: number) => `${months} of 12`,
  },
  cheaper: {
    head: 'Cheaper plans like it',
    lead: (kind: string) => `${kind}, no dearer to leave, known, and lower for your year.`,
    none: 'No plan of its kind and term, no dearer to leave, is known to cost less for your year.',
    columns: ['A year', 'Plan', 'Less by', 'To leave', 'Renewable'],
    all: (tdsp: string) => `All plans where ${tdsp} delivers`,
  },
  history: {
    head: 'Price over time',
    first: (day: string) => `First seen on ${day}, and its price has not moved since.`,
    moved: (times: number, day: string) =>
      `First seen on ${day}; its price moved ${times === 1 ? 'once' : `${times} times`} in the time shown.`,
    lowest: (cents: string, day: string) => `Lowest in 90 days: ${cents} ¢ at 1,000 kWh, on ${day}.`,
    lowestNow: 'It is at its lowest of the last 90 days.',
    away: 'The history of its price cannot be read just now. Everything else on this page is current.',
    picture: (name: string) =>
      `Price of ${name} at 1,000 kWh in cents over time, and the middle of the market. The table below has the figures.`,
    columns: ['From', '500 kWh', '1,000 kWh', '2,000 kWh'],
    notSold: 'not on sale',
    unit: 'Cents per kWh at 1,000 kWh a month.',
  },
  odd: {
    head: 'What is odd about its data',
    lead: 'Nothing is corrected for it: this is what our checks found in what the provider publishes.',
    none: 'Our checks found nothing odd in what the provider publishes.',
    /** The message of each rule is English; where it is empty, that message is shown. */
    rules: {} as Record<string, string>,
  },
};

export type PlanBillWords = Omit<typeof en, 'curve'> & {
  curve: Omit<(typeof en)['curve'], 'gap'> & { gap(usd: string, at: string): readonly [string, string] };
};

const es: PlanBillWords = {
  made: {
    head: 'Cómo se forma la cuenta',
    lead: (kwh) => `Dos de sus meses, con ${kwh} kWh de diferencia.`,
    leadEqual: 'Dos de sus meses.',
    charge: 'Cargo y dónde está escrito',
    notPaid: 'no se paga',
    notCharged: '–',
    sum: 'Cuenta antes de impuestos',
    about: 'Más o menos, antes de impuestos',
    base: 'Una vez al mes, use lo que use',
    baseFrom: 'Calculado: lo que dejan los tres precios publicados con 0 kWh, entrega incluida',
    energy: (cents) => `${cents} ¢ × kWh`,
    energyFrom: 'Calculado con los tres precios publicados, entrega incluida; ±0.05 ¢',
    published: 'Precio promedio × kWh',
    publishedFrom: (cents, kwh) =>
      `Publicado en la etiqueta: ${cents} ¢ con ${kwh} kWh, con todos los cargos`,
    credit: (where) => `Crédito ${where}`,
    fee: (where) => `Cargo ${where}`,
    below: (kwh) => `por debajo de ${kwh} kWh`,
    from: (kwh) => `desde ${kwh} kWh`,
    between: (from, to) => `de ${from} a ${to} kWh`,
    upTo: (kwh) => `hasta ${kwh} kWh`,
    blockPrice: (cents, where) => `${cents} ¢ ${where}`,
    blocks: (prices) => `Los precios que dice el plan: ${prices}`,
    always: 'todos los meses',
    someMonths: (months) => `en ${months}, repartido en el año`,
    quote: (text) => `El plan dice: “${text}”`,
    noQuote: 'Según el texto del plan',
    flat: (kwh) => `La misma cantidad por debajo de ${kwh} kWh`,
    component: { delivery: 'Entrega', credit: 'Crédito', 'energy company': 'Energía' },
    componentMonth: (what) => `${what}, al mes`,
    componentKwh: (what, cents) => `${what}, ${cents} ¢ × kWh`,
    componentFrom: 'Como lo indica el proveedor',
    shares: 'Porcentajes y tramos de consumo',
    estimate: 'Entre los precios publicados',
    estimateFrom: (usages) => `Una estimación: solo se publican los precios con ${usages} kWh`,
    rounding: 'Redondeo de los precios publicados',
    roundingFrom: 'Se publican con una décima de centavo; con un consumo publicado vale el precio publicado',
    season: 'Se paga solo en algunos meses',
    seasonFrom: 'Los precios publicados reparten en el año lo que el texto da en algunos meses',
    once: 'Lo que se paga una sola vez no está en la cuenta del mes; está en el año.',
    bounds: (low, high) => `Puede ser cualquier cantidad de ${low} a ${high} en el mes de más consumo.`,
    how: {
      components: 'Los cargos que indica el proveedor suman los tres precios publicados.',
      line: 'Una línea recta pasa por los tres precios publicados.',
      stated_credit: 'Lo que dice el texto del plan explica los tres precios publicados.',
      remembered_text:
        'Lo que decía antes el texto del plan explica los tres precios publicados; ahora ya no lo dice.',
      hours: 'El precio depende de la hora; los promedios publicados suponen un reparto de las horas.',
      few: 'Solo se publican dos precios.',
      unexplained:
        'Los precios publicados no siguen una línea recta, y nada de lo que dice el texto del plan explica por qué.',
      nothing: 'Se publican muy pocos precios para calcular la cuenta.',
    },
    extrapolated: 'Más allá de los consumos publicados, sigue de la misma manera.',
  },
  curve: {
    head: 'La cuenta según el consumo',
    cliff: (usd, less, at, falls) =>
      falls
        ? `${usd} más si usa ${less} kWh en vez de ${at}.`
        : `${usd} más en cuanto usa ${at} kWh en vez de ${less}.`,
    dotted: 'Con puntos: más allá de los precios publicados (de 500 a 2,000 kWh), una extrapolación.',
    estimate: 'Con puntos: una estimación entre los precios publicados; la zona gris es lo que puede ser.',
    picture: (name, at500, at1000, at2000, gaps) =>
      `Cuenta mensual de ${name} de 0 a 3,000 kWh: ${at500} con 500 kWh, ${at1000} con 1,000, ${at2000} con 2,000.${gaps} Las cifras están en la tabla de abajo.`,
    gap: (usd, at) => [`salto de ${usd}`, `a los ${at} kWh`],
    gapSaid: (usd, at) => ` Salta ${usd} a los ${at} kWh.`,
    middle: 'la mitad del mercado',
    yours: 'sus meses',
    kwh: 'kWh',
    table: 'Lo mismo en una tabla',
  },
  whatIf: {
    head: '¿Y si uso más?',
    lead: (percent, usd, isMore, isBySteps) =>
      `Con ${percent} más de consumo costaría ${usd} ${isMore ? 'más' : 'menos'} al año${isBySteps ? ', porque más meses llegan al crédito' : ''}.`,
    field: 'Cambio de consumo, en %',
    button: 'Calcular',
    columns: ['Consumo', 'Al año', 'Crédito perdido', 'Contra la mitad'],
    less: (percent) => `${percent} menos`,
    more: (percent) => `${percent} más`,
    now: 'Como ahora',
    of12: (months) => `${months} de 12`,
  },
  cheaper: {
    head: 'Planes parecidos y más baratos',
    lead: (kind) => `${kind}, que no cobran más por salir, conocidos y más bajos para su año.`,
    none: 'No se conoce ningún plan del mismo tipo y plazo, que no cobre más por salir, que cueste menos en su año.',
    columns: ['Al año', 'Plan', 'Menos', 'Por salir', 'Renovable'],
    all: (tdsp) => `Todos los planes donde ${tdsp} entrega la luz`,
  },
  history: {
    head: 'El precio a lo largo del tiempo',
    first: (day) => `Visto por primera vez el ${day}; desde entonces su precio no se ha movido.`,
    moved: (times, day) =>
      `Visto por primera vez el ${day}; su precio se movió ${times === 1 ? 'una vez' : `${times} veces`} en el tiempo que se muestra.`,
    lowest: (cents, day) => `Lo más bajo en 90 días: ${cents} ¢ con 1,000 kWh, el ${day}.`,
    lowestNow: 'Está en su punto más bajo de los últimos 90 días.',
    away: 'La historia de su precio no se puede leer en este momento. Todo lo demás en esta página está al día.',
    picture: (name) =>
      `Precio de ${name} con 1,000 kWh, en centavos, a lo largo del tiempo, y la mitad del mercado. Las cifras están en la tabla de abajo.`,
    columns: ['Desde', '500 kWh', '1,000 kWh', '2,000 kWh'],
    notSold: 'no estaba a la venta',
    unit: 'Centavos por kWh con 1,000 kWh al mes.',
  },
  odd: {
    head: 'Lo raro en sus datos',
    lead: 'No corregimos nada por ello: es lo que nuestras revisiones encontraron en lo que publica el proveedor.',
    none: 'Nuestras revisiones no encontraron nada raro en lo que publica el proveedor.',
    rules: {
      bill_falls: 'La cuenta baja cuando sube el consumo, y ningún texto dice por qué.',
      unexplained_bend: 'Los tres precios publicados no forman una línea, y ningún texto dice por qué.',
      components_differ: 'Los cargos de la lista no suman los precios publicados.',
      stated_credit: 'Un crédito que el plan menciona no explica sus precios.',
      base_below_delivery: 'Los precios dejan menos al mes de lo que cuestan los cables solos.',
      cliff_outside_label: 'La cuenta da un salto donde la etiqueta no lo muestra.',
      fixed_term: 'El tipo de precio y el plazo no van juntos.',
      exit_fee: 'El cargo por salir falta o es más alto de lo habitual.',
      green_share: 'La parte renovable no es un porcentaje de 0 a 100.',
      links: 'Falta la etiqueta de datos, o un enlace no sirve.',
      name_term: 'El nombre dice un plazo, y los datos otro.',
      duplicate: 'Está dos veces en la lista: mismo proveedor, nombre y plazo.',
      spanish_only: 'Está en la lista solo en español.',
      flapping: 'Se fue y volvió en menos de un día.',
      provider_certificate:
        'La compañía no está en nuestra copia de la lista del estado, y no indica su número de certificado.',
    },
  },
};

export const PLAN_BILL: InBoth<PlanBillWords> = { en, es };
