/** A whole page around what it has to say: head, masthead, footer, the one sheet, and what its policy allows. */

import { type Html, html, trusted } from '../html/html.ts';
import { beaconScript } from './beacon/beacon-routes.ts';
import { picturePath } from './found/structured.ts';
import { inLanguage, LANGUAGES, type Language, LOCALES } from './language.ts';
import type { Asked, Page } from './page-parts.ts';
import { SCRIPT_PATH } from './script.ts';
import type { StyleSheet } from './style-sheet.ts';
import { COMMON } from './words/common.ts';

export interface Content {
  title: string;
  /** One or two sentences for a list of search results. */
  description: string;
  main: Html;
  style: StyleSheet;
  view?: Page['view'];
  status?: Page['status'];
  demand?: string | null;
  keptForMs?: Page['keptForMs'];
  /** The address in English that stands for this page, where that is another; `null`: it is not to be indexed. */
  canonical?: string | null;
  /** The page whose picture goes with a shared link, in English; that of the site if not given. */
  picture?: string;
  /** More for the head: structured data. */
  head?: Html;
}

/** Links are fetched ahead when a finger or pointer rests on them; the API and operations never are. */
const AHEAD = (() => {
  const where = {
    and: [
      { href_matches: '/*' },
      { not: { href_matches: ['/v1/*', '/ops', '/ops/*', '/docs', '/docs/*'] } },
      { not: { selector_matches: '[rel~=nofollow]' } },
    ],
  };
  return trusted(
    `<script type="speculationrules">${JSON.stringify({ prerender: [{ where, eagerness: 'moderate' }] })}</script>`,
  );
})();

/** A bill with a step in it. */
const ICON = trusted(
  `<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%230a5a5d'/%3E%3Cpath d='M2 12l5-5M8 10l6-6' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E">`,
);

export function page(ask: Asked, content: Content): Page {
  const { view = null, status = 200, demand = null, keptForMs = null, style } = content;
  const markup = documentOf(ask, content);
  return { status, html: markup, style, view, demand, keptForMs, retryAfterSeconds: null };
}

function documentOf(
  ask: Asked,
  { title, description, main, style, canonical = ask.path, picture = '/', head }: Content,
): Html {
  const { language } = ask;
  const words = COMMON[language];
  const at = (path: string) => inLanguage(language, path);
  const other: Language = language === 'en' ? 'es' : 'en';
  const search = ask.query.size > 0 ? `?${ask.query}` : '';
  return html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title><meta name="description" content="${description}">
${addresses(ask, canonical)}${shared(ask, { title, description, canonical, picture })}${ICON}
${style.html}${head}${AHEAD}<script type="module" src="${SCRIPT_PATH}"></script>${beacon(ask)}</head>
<body><a class="skip" href="#main">${words.skip}</a>
<header class="mast"><div class="w"><a class="mark" href="${at('/')}">wattsync</a><nav aria-label="${words.site}"><a href="${at('/')}">${words.findPlans}</a><a class="o" href="${at('/texas')}">${words.texas}</a><a class="o" href="${at('/how-we-rank')}">${words.howWeRank}</a><a href="${inLanguage(other, ask.path)}${search}" lang="${other}" hreflang="${other}">${words.otherLanguage}</a></nav></div></header>
<main id="main" tabindex="-1">${main}</main>
<footer class="foot"><div class="w"><p>${words.about}</p><p><a href="${at('/how-we-rank')}">${words.howWeRank}</a> · <a href="${at('/texas')}">${words.allTexas}</a> · <a href="${at('/accessibility')}">${words.accessibility}</a> · <a href="/docs">${words.data}</a></p></div></footer></body></html>`;
}

/** The news of a page as a feed, for readers of news. @param path of the page; the feed of a ZIP code is that of a city */
export const feedLink = (path: string, title: string): Html =>
  html`<link rel="alternate" type="application/atom+xml" title="${title}" href="/v1${path.replace('/zip/', '/cities/')}/feed.atom">`;

/** Measures the visit, where the operator asks for that. */
function beacon({ parts, route }: Asked): Html | null {
  if (!parts.onVisit || route === null) return null;
  return html`<meta name="page-kind" content="${route}"><script type="module" src="${beaconScript().path}"></script>`;
}

/** Where the page is, in this language and the other: whole addresses, where they are known, for no other kind counts. */
function addresses({ language, parts }: Asked, canonical: string | null): Html | null {
  if (canonical === null) return html`<meta name="robots" content="noindex">`;
  const { publicUrl: origin } = parts;
  if (origin === null) return null;
  const own = html`<link rel="canonical" href="${origin}${inLanguage(language, canonical)}">`;
  const all = LANGUAGES.map(
    (one) => html`<link rel="alternate" hreflang="${one}" href="${origin}${inLanguage(one, canonical)}">`,
  );
  return html`${own}${all}<link rel="alternate" hreflang="x-default" href="${origin}${canonical}">`;
}

/** What is shown where somebody shares the page (ogp.me). Only whole addresses count. */
function shared(
  ask: Asked,
  {
    title,
    description,
    canonical,
    picture,
  }: { title: string; description: string; canonical: string | null; picture: string },
): Html | null {
  if (canonical === null || ask.parts.publicUrl === null) return null;
  const { publicUrl } = ask.parts;
  const property = (name: string, content: string) => html`<meta property="og:${name}" content="${content}">`;
  return html`${property('type', 'website')}${property('site_name', 'wattsync')}${property('title', title)}${property('description', description)}${property('url', `${publicUrl}${inLanguage(ask.language, canonical)}`)}${property('locale', LOCALES[ask.language].replace('-', '_'))}${property('image', `${publicUrl}${picturePath(ask, picture)}`)}${property('image:width', '1200')}${property('image:height', '630')}<meta name="twitter:card" content="summary_large_image">`;
}

/** What a page may load and do, and who may show it. */
export function headersOf(style: StyleSheet): readonly string[] {
  const policy = [
    "default-src 'none'",
    `style-src ${style.source}`,
    "script-src 'self' 'inline-speculation-rules'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return [
    'content-security-policy',
    policy,
    'referrer-policy',
    'strict-origin-when-cross-origin',
    'content-type',
    'text/html; charset=utf-8',
  ];
}
