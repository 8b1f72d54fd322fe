/** What the front page says. */

import { whole } from '../format.ts';
import type { InBoth } from '../language.ts';

const en = {
  title: 'What a year of electricity costs in Texas, by ZIP code',
  description: 'Every plan on the list in order of what a year costs at your usage. No paid places.',
  question: 'What will a year of electricity cost you?',
  promise: 'Every plan on the list, in order of twelve bills at your usage. Nobody can pay for a place.',
  zipOrCity: 'ZIP code or city in Texas',
  orMeter: 'Or the ESI ID of your bill: its first seven digits tell who delivers.',
  findPlans: 'Find plans',
  suggestions: 'Suggestions',
  recent: 'Recent, on this device only:',
  forget: 'Forget them',
  today: (kwh: number) => `Today, for a house of ${whole(kwh)} kWh`,
  place: 'Place, delivered by',
  lowestYear: 'Lowest year',
  halfAbove: 'Half above',
  plans: 'Plans',
  map: 'Map of Texas',
  or: ' or ',
  noChoice: 'no choice of plans',
};

type FindWords = typeof en;

const es: FindWords = {
  title: 'Cuánto cuesta un año de luz en Texas, por código postal',
  description:
    'Todos los planes de la lista, ordenados por lo que cuesta un año con su consumo. Nadie paga por un lugar.',
  question: '¿Cuánto le va a costar un año de luz?',
  promise:
    'Todos los planes de la lista, ordenados por doce cuentas con su consumo. Nadie puede pagar por un lugar.',
  zipOrCity: 'Código postal o ciudad de Texas',
  orMeter: 'O el ESI ID de su recibo: los primeros siete dígitos dicen quién reparte la luz.',
  findPlans: 'Buscar planes',
  suggestions: 'Sugerencias',
  recent: 'Recientes, solo en este aparato:',
  forget: 'Olvidarlos',
  today: (kwh) => `Hoy, para una casa de ${whole(kwh)} kWh`,
  place: 'Lugar y red',
  lowestYear: 'Año más bajo',
  halfAbove: 'La mitad, más de',
  plans: 'Planes',
  map: 'Mapa de Texas',
  or: ' o ',
  noChoice: 'no se elige plan',
};

export const FIND: InBoth<FindWords> = { en, es };
