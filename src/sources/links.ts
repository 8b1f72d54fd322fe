/**
 * Links as upstreams print them: typed by hand at 48 REPs, and put on our pages for people to follow.
 *
 * Repaired where there is one way to read them, dropped otherwise: no link is better than one to the wrong place.
 */

// A host whose last part begins with a letter. That leaves out bare IP addresses, `localhost`, `N/A` and `TBD`.
const PUBLIC_HOST = /\.[a-z][a-z0-9-]*$/;
// `https://`, also as `hhttps://`, `htps:/`, `https//` or twice. The colon or both slashes have to be there:
// `httpbin.org` is a host.
const WEB_SCHEME = /^h*t+p+(s*)\s*(?::\s*\/*|\/\/)\s*/i;
// A colon with something that cannot be a port behind it: `javascript:`, `mailto:`, `data:`.
const OTHER_SCHEME = /^[a-z][a-z0-9+.-]*:(?!\d+(?:[/?#]|$))/i;

/**
 * An absolute http(s) address without credentials, or `null`.
 *
 * Blanks are percent-encoded, line breaks and control characters removed, and a missing scheme is https. Doubled slashes
 * in the path stay: three REPs keep their labels in object stores, where `//202607/x.pdf` names another object
 * than `/202607/x.pdf`.
 */
export function cleanLink(text: string | null | undefined): string | null {
  let rest = (text ?? '').replace(/[\p{Cc}\u200b\u2028\u2029\u2060\ufeff]/gu, '').trim();
  let scheme = 'https';
  for (let found = WEB_SCHEME.exec(rest); found; found = WEB_SCHEME.exec(rest)) {
    scheme = found[1] === '' ? 'http' : 'https';
    rest = rest.slice(found[0].length);
  }
  if (OTHER_SCHEME.test(rest)) return null;
  const url = URL.parse(`${scheme}://${rest.replace(/^[\\/\s]+/, '')}`);
  if (url?.username !== '' || url.password !== '' || !PUBLIC_HOST.test(url.hostname)) return null;
  return url.href;
}
