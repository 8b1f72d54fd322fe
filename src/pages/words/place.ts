/** What is said about a place where not everybody may choose, or not all get the same plans. */

import { allOf, oneOfThese, whole } from '../format.ts';
import type { InBoth } from '../language.ts';

const en = {
  twoTitle: (n: number, place: string) =>
    `In ${place} ${n === 2 ? 'two' : n} companies deliver. Your address decides.`,
  twoText: 'Look at your bill for the ESI ID, a long number. Its first digits tell:',
  esiBegins: 'ESI ID begins',
  delivers: 'Delivered by',
  lowestYear: 'Lowest year',
  shown: 'shown here',
  meter: 'Or type the ESI ID',
  meterShow: 'Whose meter is it?',
  strayMeter: (asked: string, place: string) =>
    `No company that delivers in ${place} has meters whose ESI ID begins with ${asked}. If the number is right, the meter is of a city, of a cooperative, or of another place.`,
  meterOf: (tdsp: string) => `${tdsp} delivers to this meter`,
  meterOfText:
    'You can choose, among the same plans wherever it delivers. Take your city, or the nearest of these:',
  meterMarket: (tdsp: string) => `All of what ${tdsp} delivers`,
  noMeter: 'This meter has no choice of electricity plans',
  noMeterText:
    'Its ESI ID is of none of the companies whose customers choose among the plans here. It is probably a meter of a city or a cooperative, which sells the electricity itself; your bill names it.',
  noBill:
    'No bill at hand? Your landlord or the seller of the house has one. If a city or a cooperative sends the bill, you cannot choose.',
  partly: (place: string, zips: readonly string[]) =>
    zips.length <= 8
      ? `Only a part of ${place} has a choice of plans: ZIP codes ${allOf('en', zips)}.`
      : `Only a part of ${place} has a choice of plans: ${whole(zips.length)} of its ZIP codes.`,
  ownUtility: (own: string, isCity: boolean) =>
    `If your bill comes from ${own}${isCity ? ', the city’s own utility' : ''}, its price is the only one, and nothing here can lower it. If it comes from any other company, you can choose.`,
  townTitle: (place: string) =>
    `In ${place} the city sells electricity, too. Your bill tells whether you can choose.`,
  others: (names: readonly string[]) =>
    `Some addresses belong to ${oneOfThese('en', names)}, which offers no choice of plans. Your bill names the company that delivers.`,
  openCoops: (names: readonly string[]) =>
    `Some addresses belong to ${oneOfThese('en', names)}, whose members choose too; plans for its wires are not listed here.`,
  disputed: (names: readonly string[]) =>
    `Sources disagree about this place: the state’s own site shows no plans, other lists name ${oneOfThese('en', names)}. Your bill decides.`,
  esiOf: (tdsp: string, prefixes: readonly string[]) =>
    `Your ESI ID, on the bill, begins with ${oneOfThese('en', prefixes)} if ${tdsp} delivers.`,
  noChoice: (place: string) => `${place} has no choice of electricity plans`,
  citySells: (own: string) =>
    `${own}, the city’s own utility, sells the electricity there. Its price is the only one.`,
  sells: (names: readonly string[]) =>
    names.length === 0
      ? 'We do not know which utility serves it; your bill names it.'
      : `${oneOfThese('en', names)} sells the electricity there.${names.length > 1 ? ' Your bill names yours.' : ''}`,
  outside:
    'Cities and cooperatives that own their wires are not part of the competitive market, nor are some areas outside the Texas grid.',
  notListed: (place: string) => `No plans for ${place} are listed here`,
  membersChoose: (names: readonly string[]) =>
    `Addresses may belong to ${oneOfThese('en', names)}, whose members choose a provider; ask it for the list of providers.`,
  zipCode: 'ZIP code ',
  nearest: 'The nearest places with a choice:',
  miles: (n: number) => (n === 1 ? '1 mile' : `${n} miles`),
  unknown: (asked: string) => `“${asked}” is not in our list of Texas places`,
  nameless: 'This address names no place',
  unknownZip: (zip: string) => `${zip} is not a ZIP code in Texas`,
  unknownZipText:
    'Texas ZIP codes begin with 75 to 79, or 885. A ZIP code for post-office boxes only may be missing: try that of your street.',
  didYouMean: 'Did you mean one of these?',
  tryAgain: 'Type a ZIP code or the name of a city.',
  county: 'That is the name of a county or region, and the town decides:',
};

type PlaceWords = typeof en;

const es: PlaceWords = {
  twoTitle: (n, place) =>
    `En ${place} reparten la luz ${n === 2 ? 'dos' : n} compañías. Decide su dirección.`,
  twoText: 'Busque en su recibo el ESI ID, un número largo. Sus primeros dígitos lo dicen:',
  esiBegins: 'El ESI ID empieza con',
  delivers: 'Red de',
  lowestYear: 'Año más bajo',
  shown: 'la de esta lista',
  meter: 'O escriba el ESI ID',
  meterShow: '¿De quién es?',
  strayMeter: (asked, place) =>
    `Ninguna compañía que reparte en ${place} tiene medidores cuyo ESI ID empiece con ${asked}. Si el número es correcto, el medidor es de una ciudad, de una cooperativa o de otro lugar.`,
  meterOf: (tdsp) => `A este medidor le reparte la luz ${tdsp}`,
  meterOfText:
    'Puede elegir, entre los mismos planes en toda su red. Tome su ciudad, o la más cercana de estas:',
  meterMarket: (tdsp) => `Toda la red de ${tdsp}`,
  noMeter: 'Con este medidor no se puede elegir plan de electricidad',
  noMeterText:
    'Su ESI ID no es de ninguna de las compañías cuyos clientes eligen entre los planes de aquí. Probablemente es de una ciudad o de una cooperativa, que vende la luz ella misma; su recibo la nombra.',
  noBill:
    '¿No tiene un recibo? Lo tiene su casero o quien le vende la casa. Si el recibo es de la ciudad o de una cooperativa, no puede elegir.',
  partly: (place, zips) =>
    zips.length <= 8
      ? `Solo una parte de ${place} puede elegir plan: los códigos postales ${allOf('es', zips)}.`
      : `Solo una parte de ${place} puede elegir plan: ${whole(zips.length)} de sus códigos postales.`,
  ownUtility: (own, isCity) =>
    `Si su recibo es de ${own}${isCity ? ', la compañía de la ciudad' : ''}, su precio es el único y nada de aquí puede bajarlo. Si es de cualquier otra compañía, puede elegir.`,
  townTitle: (place) => `En ${place} también la ciudad vende la luz. Su recibo dice si puede elegir.`,
  others: (names) =>
    `Algunas direcciones son de ${oneOfThese('es', names)}, donde no se elige plan. Su recibo nombra a la compañía que reparte.`,
  openCoops: (names) =>
    `Algunas direcciones son de ${oneOfThese('es', names)}, cuyos miembros también eligen; los planes de su red no están aquí.`,
  disputed: (names) =>
    `Las fuentes no coinciden: el sitio del estado no muestra planes aquí, otras listas nombran a ${oneOfThese('es', names)}. Decide su recibo.`,
  esiOf: (tdsp, prefixes) =>
    `Su ESI ID, en el recibo, empieza con ${oneOfThese('es', prefixes)} si la red es de ${tdsp}.`,
  noChoice: (place) => `En ${place} no se puede elegir plan de electricidad`,
  citySells: (own) => `La luz la vende ${own}, la compañía de la ciudad. Su precio es el único.`,
  sells: (names) =>
    names.length === 0
      ? 'No sabemos qué compañía sirve allí; su recibo la nombra.'
      : `La luz la vende ${oneOfThese('es', names)}.${names.length > 1 ? ' Su recibo nombra a la suya.' : ''}`,
  outside:
    'Las ciudades y cooperativas dueñas de su red no son parte del mercado abierto, ni algunas zonas fuera de la red de Texas.',
  notListed: (place) => `Aquí no hay planes de ${place}`,
  membersChoose: (names) =>
    `Puede que su dirección sea de ${oneOfThese('es', names)}, cuyos miembros eligen compañía; pídale la lista.`,
  zipCode: 'el código postal ',
  nearest: 'Los lugares más cercanos donde se elige:',
  miles: (n) => (n === 1 ? '1 milla' : `${n} millas`),
  unknown: (asked) => `“${asked}” no está en nuestra lista de lugares de Texas`,
  nameless: 'Esta dirección no nombra ningún lugar',
  unknownZip: (zip) => `${zip} no es un código postal de Texas`,
  unknownZipText:
    'Los códigos postales de Texas empiezan con 75 a 79, o con 885. Puede faltar uno que sea solo de apartados postales: pruebe el de su calle.',
  didYouMean: '¿Quiso decir uno de estos?',
  tryAgain: 'Escriba un código postal o el nombre de una ciudad.',
  county: 'Es el nombre de un condado o de una región, y decide el pueblo:',
};

export const PLACE: InBoth<PlaceWords> = { en, es };
