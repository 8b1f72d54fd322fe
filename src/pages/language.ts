/** The two languages of the pages, and where a page stands in each: English at its address, Spanish below `/es`. */

export const LANGUAGES = ['en', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What a page says, in both languages: Spanish must say whatever English says. */
export type InBoth<Words> = Readonly<Record<Language, Words>>;

export const LOCALES = { en: 'en-US', es: 'es-US' } as const;

/** @param path as in English, from `/` on */
export function inLanguage(language: Language, path: string): string {
  if (language === 'en') return path;
  return path === '/' || path.startsWith('/?') ? `/es${path.slice(1)}` : `/es${path}`;
}
