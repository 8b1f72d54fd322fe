/** What a watch mails, in both languages: the sum line by line, and how to end it. Plain text. */

import type { WatchQuestion, WatchSum } from './question.ts';
import { FREE_DAYS } from './question.ts';

type Language = 'en' | 'es';

interface MailText {
  subject: string;
  text: string;
}

export interface MailAbout {
  language: Language;
  question: WatchQuestion;
  /** For a person: `Dallas`. */
  placeName: string;
  /** kWh of the year. */
  kwh: number;
  /** Absolute. */
  links: { watch: string; list: string; plan: string | null };
}

const usd = (value: number): string =>
  `${value < 0 ? '−' : ''}$${new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 }).format(Math.abs(Math.round(value)))}`;
const whole = (value: number): string => new Intl.NumberFormat('en-US').format(value);
const dayText = (language: Language, day: string): string =>
  new Intl.DateTimeFormat(language === 'en' ? 'en-US' : 'es-US', {
    dateStyle: 'long',
    timeZone: 'UTC',
  }).format(new Date(`${day}T12:00:00Z`));

const WIDTH = 44;
const line = (what: string, value: string): string => `  ${what.padEnd(WIDTH, ' ')} ${value.padStart(8)}`;

const EN = {
  askSubject: 'Confirm your price watch',
  ask: (place: string, by: string, end: string) => [
    `Somebody, you we hope, asked wattsync to write to this address when a plan in ${place} costs at least ${by} less a year than theirs, after what leaving costs${end}.`,
    'Nothing is sent before you say yes. Open this page and press the button:',
  ],
  askEnd: (day: string) => `, and when their contract ends, ${day}`,
  askIgnore: 'If it was not you, do nothing: the address is deleted in two days.',
  planSubject: (saving: string, place: string) => `A plan in ${place} costs ${saving} less a year than yours`,
  plan: (place: string, kwh: string) => `In ${place}, over a year of ${kwh} kWh, before taxes:`,
  yours: (day: string) => `Your plan, as you told on ${day}`,
  charge: 'Delivery charge since then, for every plan',
  other: (name: string, provider: string) => `${name}, ${provider}`,
  leaving: 'To leave your plan',
  left: 'What is left to you in the first year',
  known: 'Every month of that bill is known: none of it is an estimate.',
  again: (by: string) =>
    `You are written to again only if a plan costs ${by} less than this one, or if none had beaten yours in between; once a day at most.`,
  endSubject: 'You can leave your electricity contract without a fee',
  end: (day: string) =>
    `Your contract ends on ${day}. In its last ${FREE_DAYS} days a provider in Texas may not charge for leaving (16 TAC §25.475); afterwards most providers put you on a price that changes each month. Please look into your contract for the exact day.`,
  see: 'The plan',
  list: 'All plans',
  stop: 'End this watch and delete your address',
};
const ES: typeof EN = {
  askSubject: 'Confirme su aviso de precio',
  ask: (place, by, end) => [
    `Alguien, esperamos que usted, pidió a wattsync escribir a esta dirección cuando un plan en ${place} cueste al menos ${by} menos al año que el suyo, ya descontado lo que cuesta salir${end}.`,
    'No se envía nada hasta que usted diga que sí. Abra esta página y oprima el botón:',
  ],
  askEnd: (day) => `, y cuando termine su contrato, el ${day}`,
  askIgnore: 'Si no fue usted, no haga nada: la dirección se borra en dos días.',
  planSubject: (saving, place) => `Un plan en ${place} cuesta ${saving} menos al año que el suyo`,
  plan: (place, kwh) => `En ${place}, con ${kwh} kWh al año, antes de impuestos:`,
  yours: (day) => `Su plan, como usted dijo el ${day}`,
  charge: 'Cargo de entrega desde entonces, en todo plan',
  other: (name, provider) => `${name}, ${provider}`,
  leaving: 'Por salir de su plan',
  left: 'Lo que le queda en el primer año',
  known: 'Se conoce cada mes de esa cuenta: nada es una estimación.',
  again: (by) =>
    `Solo le escribiremos otra vez si un plan cuesta ${by} menos que este, o si entretanto ninguno era mejor que el suyo; una vez al día como máximo.`,
  endSubject: 'Ya puede salir de su contrato de luz sin cargo',
  end: (day) =>
    `Su contrato termina el ${day}. En sus últimos ${FREE_DAYS} días ningún proveedor de Texas puede cobrar por salir (16 TAC §25.475); después, la mayoría cobra un precio que cambia cada mes. Vea en su contrato el día exacto.`,
  see: 'El plan',
  list: 'Todos los planes',
  stop: 'Terminar este aviso y borrar su dirección',
};
const WORDS = { en: EN, es: ES } as const;

/** Asks whether it is wanted. */
export function askMail({ language, question, placeName, links }: MailAbout): MailText {
  const words = WORDS[language];
  const end = question.ends_on === null ? '' : words.askEnd(dayText(language, question.ends_on));
  const text = [...words.ask(placeName, usd(question.by_usd), end), links.watch, words.askIgnore];
  return { subject: words.askSubject, text: text.join('\n\n') };
}

/** What was left of a year, line by line. */
export function sumLines(
  language: Language,
  { since }: Pick<WatchQuestion, 'since'>,
  sum: WatchSum,
): string[] {
  const words = WORDS[language];
  const { year_usd, charge_usd, exit_fee_usd, lowest, saving_usd } = sum;
  if (!lowest || saving_usd === null) return [];
  const minus = (value: number) => `− ${usd(value)}`;
  return [
    line(words.yours(dayText(language, since)), usd(year_usd)),
    ...(charge_usd === 0
      ? []
      : [line(words.charge, charge_usd < 0 ? minus(-charge_usd) : `+ ${usd(charge_usd)}`)]),
    line(words.other(lowest.name, lowest.provider), minus(lowest.year_usd)),
    line(words.leaving, minus(exit_fee_usd)),
    line(words.left, `= ${usd(saving_usd)}`),
  ];
}

/** @param tells what is news: a plan, the end of the contract, or both */
export function newsMail(
  { language, question, placeName, kwh, links }: MailAbout,
  sum: WatchSum,
  tells: { plan: boolean; end: boolean },
): MailText {
  const words = WORDS[language];
  const { lowest, saving_usd } = sum;
  const isPlan = tells.plan && lowest !== null && saving_usd !== null;
  const subject = isPlan ? words.planSubject(usd(saving_usd), placeName) : words.endSubject;
  const parts = [
    ...(tells.end && question.ends_on !== null ? [words.end(dayText(language, question.ends_on))] : []),
    ...(isPlan
      ? [
          [words.plan(placeName, whole(kwh)), '', ...sumLines(language, question, sum)].join('\n'),
          words.known,
          words.again(usd(question.by_usd)),
          ...(links.plan === null ? [] : [`${words.see}: ${links.plan}`]),
        ]
      : []),
    `${words.list}: ${links.list}`,
    `${words.stop}: ${links.watch}`,
  ];
  return { subject, text: parts.join('\n\n') };
}
