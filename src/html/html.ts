/**
 * How a page is written: a tagged template that escapes whatever it is given. Markup has a class of its own that only
 * this file can make, so a text from outside can never become markup by mistake.
 */

/** Markup, safe to send. Compose it with {@link html}; read it with `String(...)` once, at the end. */
export class Html {
  readonly #markup: string;
  private constructor(markup: string) {
    this.#markup = markup;
  }

  /** @internal the only door: {@link html} and {@link trusted} */
  static of(markup: string): Html {
    return new Html(markup);
  }

  toString(): string {
    return this.#markup;
  }
}

/** `null`, `undefined` and booleans print nothing, so that `condition && html…` works as a sentence does. */
export type Printable = Html | string | number | boolean | null | undefined | readonly Printable[];

const SPECIAL = /[&<>"']/;
const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe between tags and in quoted attributes. */
function escapeHtml(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[&<>"']/g, (sign) => ESCAPES[sign]!) : text;
}

function print(value: Printable): string {
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) {
    let all = '';
    for (const one of value as readonly Printable[]) all += print(one);
    return all;
  }
  return '';
}

/**
 * `` html`<td title="${text}">${list}</td>` ``: texts are escaped, markup is kept, lists are joined. Attributes must
 * be quoted; addresses from outside go through {@link webAddress} first, for escaping does not stop `javascript:`.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Printable[]): Html {
  let all = parts[0]!;
  for (let at = 0; at < values.length; at += 1) all += print(values[at]) + parts[at + 1]!;
  return Html.of(all);
}

/** Marks text of our own files (a style sheet, a drawing) as markup. Never for anything from outside. */
export const trusted = (markup: string): Html => Html.of(markup);

/** @returns the address if a browser may be sent there, else `null`: only absolute http and https are let through */
export function webAddress(address: string | null): string | null {
  if (address === null || !URL.canParse(address)) return null;
  const { protocol, href } = new URL(address);
  return protocol === 'https:' || protocol === 'http:' ? href : null;
}
