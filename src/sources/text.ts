/**
 * Text for people, as upstreams send it: trimmed, blanks and line breaks collapsed, control characters and the marks
 * that turn the writing direction removed. The joiners inside emoji stay. Nothing left is `null`.
 */
export function readText(text: string | null | undefined): string | null {
  const clean = (text ?? '')
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu, '')
    .replace(/ {2,}/g, ' ')
    .trim();
  return clean === '' ? null : clean;
}
