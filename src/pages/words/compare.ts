/** What the page says that shows plans side by side. */

import { dollars, whole } from '../format.ts';
import type { InBoth } from '../language.ts';
import type { Usage } from '../list/list-query.ts';

const en = {
  name: 'Side by side',
  title: (names: string) => `Side by side: ${names}`,
  description: (names: string) => `A year’s cost, what could go wrong, terms and bills of ${names}.`,
  less: (one: string, usd: number, other: string) => `${one} costs ${dollars(usd)} less a year than ${other}`,
  same: (one: string, other: string) => `${one} and ${other} cost the same a year`,
  alone: (one: string) => `${one}, to be set beside others`,
  perhaps: (one: string, usd: number, other: string) =>
    `${one} may cost ${dollars(usd)} less a year than ${other}: not both are known`,
  forUsage: {
    apartment: (kwh: number) => `For an apartment, ${whole(kwh)} kWh a year.`,
    house: (kwh: number) => `For a house, ${whole(kwh)} kWh a year.`,
    large: (kwh: number) => `For a large house, ${whole(kwh)} kWh a year.`,
    own: (kwh: number) => `For your twelve months, ${whole(kwh)} kWh a year.`,
    flat: (kwh: number) => `For the same usage every month, ${whole(kwh)} kWh a year.`,
  } satisfies Record<Usage, (kwh: number) => string>,
  change: 'Choose other plans',
  nothing: 'No plans to compare yet',
  nothingText: 'Open the list of your city or ZIP code, tick up to four plans, and press Compare.',
  gone: (n: number) =>
    n === 1 ? 'One of these plans is no longer sold.' : `${n} of these plans are no longer sold.`,
  tooMany: 'Only the first four are shown.',
  markets: 'These plans are of different delivery areas: only one of them can be yours.',
  lowest: 'lowest of these',
  more: (usd: number) => `${dollars(usd)} more`,
  questions: {
    year: 'A year',
    wrong: 'What could go wrong',
    months: (first: string, last: string) => `Twelve months, ${first} to ${last}`,
    curve: 'Bill from 0 to 3,000 kWh (grey: market)',
    month: (month: string, kwh: number) => `${month}, ${whole(kwh)} kWh`,
    less: 'A year with 10 % less',
    moreUse: 'A year with 10 % more',
    average: 'On average',
    advertised: 'At 1,000 kWh, as advertised',
    leave: 'To leave on the first day',
    leaveLater: 'To leave after six months',
    term: 'Term',
    green: 'Green',
    rating: 'State’s rating',
    sure: 'How sure',
    efl: 'Facts label',
    market: 'Delivered by',
    remove: 'Remove',
  },
  nothingFound: 'Nothing found',
  fromTo: (low: number, high: number) => `${dollars(low)} to ${dollars(high)}`,
  missed: (months: number) => `hollow: credit missed, ${months} times`,
  open: 'Open',
  ofPlan: (plan: string) => ` the label of ${plan}`,
  stars: (n: number) => `${n} of 5`,
};

type CompareWords = typeof en;

const es: CompareWords = {
  name: 'Lado a lado',
  title: (names) => `Lado a lado: ${names}`,
  description: (names) => `El costo del año, lo que puede salir mal, plazos y cuentas de ${names}.`,
  less: (one, usd, other) => `${one} cuesta ${dollars(usd)} menos al año que ${other}`,
  same: (one, other) => `${one} y ${other} cuestan lo mismo al año`,
  alone: (one) => `${one}, para ponerlo junto a otros`,
  perhaps: (one, usd, other) =>
    `${one} puede costar ${dollars(usd)} menos al año que ${other}: no se conocen los dos`,
  forUsage: {
    apartment: (kwh) => `Para un apartamento, ${whole(kwh)} kWh al año.`,
    house: (kwh) => `Para una casa, ${whole(kwh)} kWh al año.`,
    large: (kwh) => `Para una casa grande, ${whole(kwh)} kWh al año.`,
    own: (kwh) => `Para sus doce meses, ${whole(kwh)} kWh al año.`,
    flat: (kwh) => `Con el mismo consumo cada mes, ${whole(kwh)} kWh al año.`,
  },
  change: 'Elegir otros planes',
  nothing: 'Todavía no hay planes que comparar',
  nothingText: 'Abra la lista de su ciudad o código postal, marque hasta cuatro planes y oprima Comparar.',
  gone: (n) => (n === 1 ? 'Uno de estos planes ya no se vende.' : `${n} de estos planes ya no se venden.`),
  tooMany: 'Solo se muestran los primeros cuatro.',
  markets: 'Estos planes son de redes distintas: solo una de ellas puede ser la suya.',
  lowest: 'el más bajo de estos',
  more: (usd) => `${dollars(usd)} más`,
  questions: {
    year: 'Un año',
    wrong: 'Lo que puede salir mal',
    months: (first, last) => `Doce meses, de ${first} a ${last}`,
    curve: 'Cuenta de 0 a 3,000 kWh (en gris, el mercado)',
    month: (month, kwh) => `${month}, ${whole(kwh)} kWh`,
    less: 'Un año con 10 % menos',
    moreUse: 'Un año con 10 % más',
    average: 'En promedio',
    advertised: 'A 1,000 kWh, como se anuncia',
    leave: 'Por salir el primer día',
    leaveLater: 'Por salir a los seis meses',
    term: 'Plazo',
    green: 'Renovable',
    rating: 'Calificación del estado',
    sure: 'Certeza',
    efl: 'Etiqueta de datos',
    market: 'Red de',
    remove: 'Quitar',
  },
  nothingFound: 'Nada',
  fromTo: (low, high) => `de ${dollars(low)} a ${dollars(high)}`,
  missed: (months) => `hueco: crédito perdido, ${months} veces`,
  open: 'Abrir',
  ofPlan: (plan) => ` la etiqueta de ${plan}`,
  stars: (n) => `${n} de 5`,
};

export const COMPARE: InBoth<CompareWords> = { en, es };
