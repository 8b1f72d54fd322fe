/** What the pages of price watches say. */

import { dollars, whole } from '../format.ts';
import type { InBoth } from '../language.ts';

const en = {
  link: 'Tell me when a plan beats mine',
  linkOfPlan: 'You have this plan? Be told when another one beats it',
  title: (place: string) => `Be told when a plan in ${place} beats yours`,
  description:
    'A private feed, or one e-mail when it matters: no account, and nothing is sent before you say yes.',
  lead: (place: string, kwh: number) =>
    `For ${whole(kwh)} kWh a year in ${place}, what leaving your plan costs taken off.`,
  change: 'Change the usage',
  year: 'What your plan costs you in a year',
  yearHelp: (usd: number) => `Twelve bills, before taxes. The lowest known year here is ${dollars(usd)}.`,
  yearHelpNone: 'Twelve bills, before taxes.',
  fee: 'What leaving it costs now',
  feeHelp: 'The early termination fee in your contract; 0 if there is none.',
  by: 'Tell me from this much a year',
  byHelp: 'What is left to you in the first year, after the fee.',
  ends: 'My contract ends on',
  endsHelp: 'If you like: two weeks before, leaving is free in Texas, and you are told.',
  feed: {
    head: 'By a private feed',
    text: 'For any news reader. No address, nothing is stored: the link itself is your question.',
    button: 'Make the feed',
    ready: 'Your feed',
    open: 'Add this address to your news reader. It says nothing until a plan beats yours, and speaks again only when the sum has grown by as much.',
  },
  mail: {
    head: 'By e-mail',
    text: 'First one mail asks whether it was you. Then one only when it matters, once a day at most; every mail has a link that ends it and deletes your address. It is kept encrypted, for this alone, until two months after your contract ends.',
    label: 'Your e-mail address',
    button: 'Send me the question first',
    sent: 'Look into your mail',
    sentText:
      'If it can be sent, a mail is on its way to you. Open its link and press the button: before that nothing else is sent, and in two days your address is deleted.',
    full: 'There are as many watches as there may be just now. End one of yours, or try again later.',
  },
  now: 'Right now',
  sum: {
    yours: 'Your plan, a year',
    charge: 'Delivery charge since you asked, for every plan',
    leaving: 'To leave it',
    left: 'What is left to you',
  },
  by_: ' by ',
  beats: (usd: number) => `That is ${dollars(usd)} a year: you would be told today.`,
  notYet: (usd: number) => `That is less than the ${dollars(usd)} from which you are told.`,
  noneKnown: 'No plan here has a year that is known in every month. You are told when one has.',
  shown: (place: string) => `Your price watch in ${place}`,
  notConfirmed: 'You have not said yes to it yet, so nothing is sent.',
  confirmed: (until: string) => `You are told by e-mail, until ${until}.`,
  confirm: 'Yes, tell me',
  end: 'End it and delete my address',
  ended: 'It has ended',
  endedText: 'Nothing is sent any more, and nothing of it is kept: no address, no question.',
  goneText: 'There is no such watch, or it has ended. Nothing is kept of one that has.',
  off: 'This site sends no mail. The feed works all the same.',
  wrong: {
    year: 'dollars a year, from 1 to 50,000',
    fee: 'dollars, from 0 to 2,000',
    by: 'dollars a year, from 20 to 5,000',
    ends: 'a day within the next five years',
    email: 'an e-mail address',
  },
  feedTitle: (place: string) => `Plans in ${place} that beat mine`,
  entry: (usd: number, place: string) => `A plan in ${place} costs ${dollars(usd)} less a year than yours`,
  entryEnd: (day: string) => `Your contract ends on ${day}: leaving is free now`,
};

export type WatchWords = typeof en;

const es: WatchWords = {
  link: 'Avíseme cuando un plan sea mejor que el mío',
  linkOfPlan: '¿Tiene este plan? Le avisamos cuando otro sea mejor',
  title: (place) => `Un aviso cuando un plan en ${place} sea mejor que el suyo`,
  description:
    'Un canal privado, o un correo cuando importa: sin cuenta, y no se envía nada antes de que usted diga que sí.',
  lead: (place, kwh) =>
    `Con ${whole(kwh)} kWh al año en ${place}, descontado lo que cuesta salir de su plan.`,
  change: 'Cambiar el consumo',
  year: 'Lo que su plan le cuesta en un año',
  yearHelp: (usd) => `Doce cuentas, antes de impuestos. El año conocido más bajo aquí es de ${dollars(usd)}.`,
  yearHelpNone: 'Doce cuentas, antes de impuestos.',
  fee: 'Lo que cuesta salir ahora',
  feeHelp: 'El cargo por cancelar de su contrato; 0 si no hay.',
  by: 'Avíseme desde tanto al año',
  byHelp: 'Lo que le queda en el primer año, después del cargo.',
  ends: 'Mi contrato termina el',
  endsHelp: 'Si quiere: dos semanas antes, en Texas se puede salir sin cargo, y se le avisa.',
  feed: {
    head: 'Por un canal privado',
    text: 'Para cualquier lector de noticias. Sin dirección y sin guardar nada: el enlace mismo es su pregunta.',
    button: 'Hacer el canal',
    ready: 'Su canal',
    open: 'Agregue esta dirección a su lector de noticias. No dice nada hasta que un plan sea mejor que el suyo, y vuelve a hablar solo cuando la suma haya crecido otro tanto.',
  },
  mail: {
    head: 'Por correo electrónico',
    text: 'Primero un correo le pregunta si fue usted. Después, uno solo cuando importa, una vez al día como máximo; cada correo tiene un enlace que lo termina y borra su dirección. Se guarda cifrada, solo para esto, hasta dos meses después de que termine su contrato.',
    label: 'Su correo electrónico',
    button: 'Envíeme primero la pregunta',
    sent: 'Vea su correo',
    sentText:
      'Si se puede enviar, un correo va en camino. Abra su enlace y oprima el botón: antes no se envía nada más, y en dos días se borra su dirección.',
    full: 'Hay tantos avisos como puede haber por ahora. Termine uno de los suyos o intente más tarde.',
  },
  now: 'Ahora mismo',
  sum: {
    yours: 'Su plan, un año',
    charge: 'Cargo de entrega desde que preguntó, en todo plan',
    leaving: 'Por salir',
    left: 'Lo que le queda',
  },
  by_: ' de ',
  beats: (usd) => `Son ${dollars(usd)} al año: hoy se le avisaría.`,
  notYet: (usd) => `Es menos que los ${dollars(usd)} desde los que se le avisa.`,
  noneKnown: 'Ningún plan aquí tiene un año conocido en cada mes. Se le avisa cuando haya uno.',
  shown: (place) => `Su aviso de precio en ${place}`,
  notConfirmed: 'Usted todavía no ha dicho que sí; por eso no se envía nada.',
  confirmed: (until) => `Se le avisa por correo, hasta el ${until}.`,
  confirm: 'Sí, avíseme',
  end: 'Terminarlo y borrar mi dirección',
  ended: 'Ha terminado',
  endedText: 'Ya no se envía nada, y no se guarda nada: ni la dirección ni la pregunta.',
  goneText: 'No hay tal aviso, o ya terminó. De uno terminado no se guarda nada.',
  off: 'Este sitio no envía correo. El canal funciona de todos modos.',
  wrong: {
    year: 'dólares al año, de 1 a 50,000',
    fee: 'dólares, de 0 a 2,000',
    by: 'dólares al año, de 20 a 5,000',
    ends: 'un día dentro de los próximos cinco años',
    email: 'un correo electrónico',
  },
  feedTitle: (place) => `Planes en ${place} mejores que el mío`,
  entry: (usd, place) => `Un plan en ${place} cuesta ${dollars(usd)} menos al año que el suyo`,
  entryEnd: (day) => `Su contrato termina el ${day}: ya se puede salir sin cargo`,
};

export const WATCH: InBoth<WatchWords> = { en, es };
