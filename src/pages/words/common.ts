/** What every page says. */

import { oneOfThese } from '../format.ts';
import type { InBoth } from '../language.ts';

const en = {
  otherLanguage: 'Español',
  skip: 'Skip to the content',
  site: 'Site',
  findPlans: 'Find plans',
  texas: 'Texas',
  howWeRank: 'How we rank',
  accessibility: 'Accessibility',
  allTexas: 'All Texas',
  data: 'Data and API',
  about:
    'wattsync copies the public list of electricity plans and works out what each costs in a year. It earns nothing from any plan. Amounts are before city and state taxes.',
  sourceNames: {
    powertochoose: 'Power to Choose',
    comparepower: 'ComparePower',
    sandbox: 'the sandbox (invented plans and prices)',
  } as Record<string, string>,
  /** `Read 38 minutes ago from Power to Choose` */
  readAgo: {
    now: () => 'a moment ago',
    minutes: (n: number) => `${n} minutes ago`,
    hours: (n: number) => (n === 1 ? 'an hour ago' : `${n} hours ago`),
    days: (n: number) => `${n} days ago`,
  },
  pricesOf: (day: string) => `Prices of ${day}, from `,
  read: 'read',
  central: 'Central time',
  beforeTax: 'Before city and state taxes.',
  stale: 'These prices could not be confirmed lately; a provider may have changed them.',
  errors: {
    notFound: [
      'This page does not exist',
      'Nothing is at this address. It may have been mistyped, or the page is gone.',
    ],
    notReady: [
      'The plans are being fetched',
      'No prices are here yet. They usually arrive within a minute; then reload this page.',
    ],
    badRequest: ['This address cannot be read', 'A part of the address is not what this page expects:'],
    tooLong: [
      'This address is too long',
      'No link of this site is as long as that. Begin again with a place.',
    ],
    tooMany: [
      'Too many pages in a minute',
      'More pages were asked for from your connection than one person reads. Wait a minute, then reload this page.',
    ],
    starting: [
      'We are starting',
      'The site was just switched on and gets its plans ready. Reload this page in a few seconds.',
    ],
    unexpected: [
      'Something went wrong on our side',
      'The page could not be made, and the failure was written down. Try again in a moment.',
    ],
  } as const satisfies Record<string, readonly [title: string, text: string]>,
  goHome: 'Find plans by ZIP code or city',
  /** @param got what the address says */
  expected: (what: string, got: string) => `expected ${what}, got “${got}”`,
  /** What would be right, of parameters that are not one of a few values. */
  parameters: {
    place: 'a city, a ZIP code or a delivery area with plans',
    usage: 'a whole number of kWh from 1 to 100,000',
    twelveUsages: 'twelve numbers of kWh',
    profile: 'apartment, house, large, or twelve numbers of kWh with commas',
    change: 'a whole number from −90 to 300, the change of usage in percent',
  },
  oneOf: (names: readonly string[]) => `one of ${oneOfThese('en', names)}`,
};

export type CommonWords = Omit<typeof en, 'errors'> & {
  errors: Record<keyof typeof en.errors, readonly [title: string, text: string]>;
};

const es: CommonWords = {
  otherLanguage: 'English',
  skip: 'Saltar al contenido',
  site: 'Sitio',
  findPlans: 'Buscar planes',
  texas: 'Texas',
  howWeRank: 'Cómo ordenamos',
  accessibility: 'Accesibilidad',
  allTexas: 'Todo Texas',
  data: 'Datos y API',
  about:
    'wattsync copia la lista pública de planes de electricidad y calcula cuánto cuesta cada uno en un año. No gana nada con ningún plan. Los montos no incluyen impuestos de la ciudad ni del estado.',
  sourceNames: {
    powertochoose: 'Power to Choose',
    comparepower: 'ComparePower',
    sandbox: 'el simulador (planes y precios inventados)',
  },
  readAgo: {
    now: () => 'hace un momento',
    minutes: (n) => `hace ${n} minutos`,
    hours: (n) => (n === 1 ? 'hace una hora' : `hace ${n} horas`),
    days: (n) => `hace ${n} días`,
  },
  pricesOf: (day) => `Precios del ${day}, de `,
  read: 'leídos',
  central: 'hora del centro',
  beforeTax: 'Antes de impuestos de la ciudad y del estado.',
  stale: 'Estos precios no se han podido confirmar últimamente; algún proveedor pudo cambiarlos.',
  errors: {
    notFound: [
      'Esta página no existe',
      'No hay nada en esta dirección. Quizás tiene un error, o la página ya no está.',
    ],
    notReady: [
      'Los planes están por llegar',
      'Todavía no hay precios aquí. Suelen llegar en un minuto; después vuelva a cargar la página.',
    ],
    badRequest: [
      'No entendemos esta dirección',
      'Una parte de la dirección no es lo que esta página espera:',
    ],
    tooLong: [
      'Esta dirección es demasiado larga',
      'Ningún enlace de este sitio es tan largo. Empiece otra vez con un lugar.',
    ],
    tooMany: [
      'Demasiadas páginas en un minuto',
      'Desde su conexión se pidieron más páginas de las que lee una persona. Espere un minuto y vuelva a cargar esta página.',
    ],
    starting: [
      'Estamos arrancando',
      'El sitio se acaba de encender y está preparando los planes. Vuelva a cargar esta página en unos segundos.',
    ],
    unexpected: [
      'Algo falló de nuestro lado',
      'No se pudo hacer la página, y el fallo quedó anotado. Intente otra vez en un momento.',
    ],
  },
  goHome: 'Buscar planes por código postal o ciudad',
  expected: (what, got) => `se esperaba ${what}, y dice “${got}”`,
  parameters: {
    place: 'una ciudad, un código postal o una red con planes',
    usage: 'un número entero de kWh, de 1 a 100,000',
    twelveUsages: 'doce números de kWh',
    profile: 'apartment, house, large, o doce números de kWh con comas',
    change: 'un número entero de −90 a 300, el cambio de consumo en por ciento',
  },
  oneOf: (names) => oneOfThese('es', names),
};

export const COMMON: InBoth<CommonWords> = { en, es };
