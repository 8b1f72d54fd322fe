/** What `/how-we-rank` and `/accessibility` say. A section is a heading, and paragraphs or items of a list. */

import type { InBoth } from '../language.ts';

interface Section {
  head: string;
  text: readonly string[];
  items?: readonly string[];
}

interface MethodWords {
  title: string;
  description: string;
  head: string;
  lead: string;
  sections: readonly Section[];
  homes: {
    head: string;
    text: string;
    home: string;
    year: string;
    names: Readonly<Record<string, string>>;
    kinds: Readonly<Record<string, string>>;
    source: string;
  };
  today: { head: string; columns: readonly [string, string, string, string, string]; text: string };
  check: { head: string; text: string; api: string; bill: string };
}

const en: MethodWords = {
  title: 'How we rank electricity plans, and who pays for it',
  description:
    'Plans stand in the order of what the next twelve months cost at a stated usage. Known bills before estimates, every plan on the list, no paid order. The whole rule.',
  head: 'Plans stand in the order of what your next twelve months cost',
  lead: 'Nobody can pay for a place, and we earn nothing from any plan. The rule below is all there is; the code that sorts knows nothing of who sells.',
  sections: [
    {
      head: 'The rule',
      text: [],
      items: [
        'Every plan on the public list is shown. What is left out is said below the list, with the reason.',
        'A plan that the source lists once in each language is one plan. Where the two tell different prices, the English ones hold.',
        'A plan whose year is known stands before every plan whose year is an estimate, however cheap the estimate looks.',
        'Among the known, the lower cost of twelve months comes first. It is the sum of twelve bills at the usage that the page states, with what must be paid once; you can change the usage.',
        'At the same cost: the surer bill, then the smaller exit fee, the shorter term, the greener plan.',
      ],
    },
    {
      head: 'Why not the price at 1,000 kWh',
      text: [
        'Providers must publish an average price at 500, 1,000 and 2,000 kWh (16 TAC §25.475). Some plans are built to look low at just those three: a credit is paid from 1,000 kWh, and at 999 the same month costs $125 more. A home is above such a line in summer and below it in spring, so only its twelve months tell what a plan costs.',
      ],
    },
    {
      head: 'How sure a bill is',
      text: ['Each plan says which of these it is, and its page shows the arithmetic.'],
      items: [
        '● Known: the charges, or the three published prices on one straight line, leave one bill for each usage.',
        '◐ Worked out: the plan’s text names a credit or fee with its amount and its usage, and with it the three prices agree to the dollar.',
        '○ Estimate: the text leaves it open, the price depends on the hour, or the price is not agreed for the whole year. The page says what it may be at the least and the most.',
      ],
    },
    {
      head: 'What we do not know',
      text: [],
      items: [
        'City and state taxes and the gross-receipts fee are not in published prices, so they are not in ours.',
        'Published prices are rounded to a tenth of a cent. Over a year of a house that is about $7 either way, so smaller differences are none.',
        'Beyond 500 to 2,000 kWh no price is published; there a bill goes on as it was, and is drawn dotted.',
        'Delivery charges change in March and September, and are passed on. A fixed price holds for the rest.',
        'The Facts Label of a plan is what its provider owes you. Read it before you sign; every plan’s page links to it.',
      ],
    },
    {
      head: 'Where the plans come from',
      text: [
        'From the public list named on every page, read again and again through the day. Each page says when. A list that looks wrong (all prices moved alike, a company’s plans under another’s name) is held back until somebody has looked, and the plans from before stay.',
      ],
    },
  ],
  homes: {
    head: 'The homes',
    text: 'kWh in each month. Your own twelve months, from your bills or smartmetertexas.com, make the truest order.',
    home: 'Home',
    year: 'Year',
    names: { apartment: 'Apartment', house: 'House', large: 'Large house' },
    kinds: { measured: 'measured', composed: 'composed' },
    source: 'Source',
  },
  today: {
    head: 'Today, for a house',
    columns: ['Delivered by', 'Plans', 'Known year', 'Lowest', 'Half above'],
    text: 'How many plans have a known year, and between what they lie.',
  },
  check: {
    head: 'Check it',
    text: 'Every figure is in the open interface, too, with the evidence it rests on:',
    api: 'all plans of Dallas in this order, as JSON',
    bill: 'its description',
  },
};

const es: MethodWords = {
  title: 'Cómo ordenamos los planes de luz, y quién lo paga',
  description:
    'Los planes van por lo que cuestan los próximos doce meses con un consumo que se dice. Primero las cuentas conocidas, todos los planes de la lista, nadie paga por un lugar. La regla completa.',
  head: 'Los planes van por lo que cuestan sus próximos doce meses',
  lead: 'Nadie puede pagar por un lugar, y no ganamos nada con ningún plan. La regla de abajo es todo lo que hay; el código que ordena no sabe quién vende.',
  sections: [
    {
      head: 'La regla',
      text: [],
      items: [
        'Se muestran todos los planes de la lista pública. Lo que queda fuera se dice debajo de la lista, con la razón.',
        'Un plan que la fuente tiene una vez en cada idioma es un solo plan. Si los dos dicen precios distintos, valen los del inglés.',
        'Un plan cuyo año se conoce va antes que cualquiera cuyo año es una estimación, por barata que parezca.',
        'Entre los conocidos va primero el que cuesta menos en doce meses: la suma de doce cuentas con el consumo que dice la página, más lo que se paga una sola vez. Usted puede cambiar el consumo.',
        'A igual costo: la cuenta más segura, luego el menor cargo por salir, el plazo más corto, el más renovable.',
      ],
    },
    {
      head: 'Por qué no el precio con 1,000 kWh',
      text: [
        'Los proveedores tienen que publicar el precio promedio con 500, 1,000 y 2,000 kWh (16 TAC §25.475). Algunos planes están hechos para verse bajos justo ahí: pagan un crédito desde 1,000 kWh, y con 999 el mismo mes cuesta $125 más. Una casa pasa esa raya en verano y no llega en primavera; por eso solo sus doce meses dicen cuánto cuesta un plan.',
      ],
    },
    {
      head: 'Qué tan segura es una cuenta',
      text: ['Cada plan dice cuál de estas es, y su página muestra el cálculo.'],
      items: [
        '● Conocida: los cargos, o los tres precios publicados en una línea recta, dejan una sola cuenta para cada consumo.',
        '◐ Calculada: el texto del plan nombra un crédito o cargo con su monto y su consumo, y con él los tres precios coinciden al dólar.',
        '○ Estimación: el texto la deja abierta, el precio depende de la hora o no está acordado para todo el año. La página dice lo menos y lo más que puede ser.',
      ],
    },
    {
      head: 'Lo que no sabemos',
      text: [],
      items: [
        'Los impuestos de la ciudad y del estado no están en los precios publicados, así que tampoco en los nuestros.',
        'Los precios publicados se redondean a una décima de centavo. En un año de una casa son unos $7 para un lado u otro: diferencias menores no cuentan.',
        'Fuera de 500 a 2,000 kWh no se publica ningún precio; ahí la cuenta sigue como venía y se dibuja con puntos.',
        'Los cargos de entrega cambian en marzo y septiembre y se le cobran a usted. Un precio fijo vale para lo demás.',
        'La etiqueta de datos (EFL) del plan es lo que el proveedor le debe. Léala antes de firmar; está en la página de cada plan.',
      ],
    },
    {
      head: 'De dónde vienen los planes',
      text: [
        'De la lista pública que se nombra en cada página, leída una y otra vez durante el día. Cada página dice cuándo. Una lista que parece equivocada (todos los precios se mueven igual, los planes de una compañía con el nombre de otra) se detiene hasta que alguien la revisa, y quedan los planes de antes.',
      ],
    },
  ],
  homes: {
    head: 'Las casas',
    text: 'kWh de cada mes. Sus propios doce meses, de sus cuentas o de smartmetertexas.com, dan el orden más cierto.',
    home: 'Casa',
    year: 'Año',
    names: { apartment: 'Apartamento', house: 'Casa', large: 'Casa grande' },
    kinds: { measured: 'medido', composed: 'compuesto' },
    source: 'Fuente',
  },
  today: {
    head: 'Hoy, para una casa',
    columns: ['Entrega', 'Planes', 'Año conocido', 'Más bajo', 'La mitad, más de'],
    text: 'Cuántos planes tienen un año conocido, y entre qué montos están.',
  },
  check: {
    head: 'Revíselo',
    text: 'Cada cifra está también en la interfaz abierta, con la evidencia en que se basa:',
    api: 'todos los planes de Dallas en este orden, en JSON',
    bill: 'su descripción',
  },
};

export const METHOD: InBoth<MethodWords> = { en, es };

interface AccessibilityWords {
  title: string;
  description: string;
  head: string;
  lead: string;
  sections: readonly Section[];
}

const accessEn: AccessibilityWords = {
  title: 'Accessibility of these pages',
  description:
    'The pages work by keyboard, without script, at 320 pixels and 400 % zoom, with a screen reader, in English and Spanish. What is tested, and what is not good yet.',
  head: 'These pages are for everybody',
  lead: 'They are made to meet WCAG 2.2 at level AA, and every change is tested for it before it is published.',
  sections: [
    {
      head: 'What you can count on',
      text: [],
      items: [
        'Everything works by keyboard, in reading order, with a visible focus.',
        'Nothing needs a script: places, filters and usage are links and forms, and each state has an address.',
        'Every drawing has a name, and its figures stand in a table beside or below it.',
        'No meaning hangs on colour alone: what is good, needs care or is bad has a shape and a word, too.',
        'Text is at least 7 to 1 against its background, in light and dark; secondary text 4.5 to 1.',
        'At 320 pixels, or 400 % zoom, nothing has to be scrolled sideways except a few tables, which say so and take the focus.',
        'Where the system asks for less motion there is none.',
      ],
    },
    {
      head: 'How it is tested',
      text: [
        'With axe in a real browser at phone and desktop width, in both languages, on every kind of page; and by tests that find, filter and compare plans by keyboard and without script.',
      ],
    },
    {
      head: 'What is not good yet',
      text: [],
      items: [
        'Names of plans, and the words of a plan’s text, are in English where the provider writes no Spanish.',
        'Facts Labels and terms are files of the providers; many are PDFs that a screen reader cannot read well. What they say of the price is on the page of the plan.',
        'A few sentences on why a bill is an estimate exist in English only.',
      ],
    },
  ],
};

const accessEs: AccessibilityWords = {
  title: 'Accesibilidad de estas páginas',
  description:
    'Las páginas funcionan con teclado, sin programas, a 320 píxeles y con 400 % de aumento, con lector de pantalla, en inglés y en español. Qué se prueba y qué falta.',
  head: 'Estas páginas son para todos',
  lead: 'Están hechas para cumplir WCAG 2.2 en nivel AA, y cada cambio se prueba antes de publicarse.',
  sections: [
    {
      head: 'Con lo que puede contar',
      text: [],
      items: [
        'Todo funciona con el teclado, en el orden en que se lee, y se ve dónde está.',
        'Nada necesita programas en el navegador: lugares, filtros y consumo son enlaces y formularios, y cada estado tiene su dirección.',
        'Cada dibujo tiene un nombre, y sus cifras están en una tabla al lado o debajo.',
        'Nada depende solo del color: lo bueno, lo que pide cuidado y lo malo tienen además una forma y una palabra.',
        'El texto tiene un contraste de 7 a 1 o más, de día y de noche; el secundario, de 4.5 a 1.',
        'A 320 píxeles, o con 400 % de aumento, nada se mueve de lado, salvo unas tablas que lo dicen y reciben el foco.',
        'Donde el sistema pide menos movimiento no hay ninguno.',
      ],
    },
    {
      head: 'Cómo se prueba',
      text: [
        'Con axe en un navegador de verdad, en ancho de teléfono y de escritorio, en los dos idiomas y en cada tipo de página; y con pruebas que buscan, filtran y comparan planes con el teclado y sin programas.',
      ],
    },
    {
      head: 'Lo que todavía falta',
      text: [],
      items: [
        'Los nombres de los planes y las palabras de sus textos están en inglés cuando el proveedor no escribe en español.',
        'Las etiquetas de datos y los términos son archivos de los proveedores; muchos son PDF que un lector de pantalla no lee bien. Lo que dicen del precio está en la página del plan.',
        'Algunas frases sobre por qué una cuenta es una estimación existen solo en inglés.',
      ],
    },
  ],
};

export const ACCESSIBILITY: InBoth<AccessibilityWords> = { en: accessEn, es: accessEs };
