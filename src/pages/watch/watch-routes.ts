/** The addresses of price watches. A GET shows; only a POST does something, because scanners of mail open every link. */

import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { atomFeed, type FeedEntry } from '../../events/feeds.ts';
import { decide } from '../../watch/question.ts';
import { sumLines } from '../../watch/watch-mail.ts';
import { date } from '../format.ts';
import { inLanguage, LANGUAGES, type Language } from '../language.ts';
import { withParams } from '../list/list-query.ts';
import { type Ask, BadAddress, type Page } from '../page-parts.ts';
import { WATCH } from '../words/watch.ts';
import { endedPage, watchedPage, watchPage, watchSum } from './watch-page.ts';
import { readWatch, watchParams } from './watch-question.ts';

const LONGEST_BODY = 4_096;
const EMAIL = /^[^\s@,<>"]{1,64}@[^\s@,<>"]+\.[^\s@,<>".]{2,}$/;
const FEED_MAX_AGE_SECONDS = 900;

interface WatchRoutes {
  toAsk(language: Language, request: FastifyRequest): Ask;
  /** Sends a page, or the one that says what went wrong. */
  send(
    request: FastifyRequest,
    reply: FastifyReply,
    ask: Ask,
    made: () => Promise<Page>,
  ): Promise<FastifyReply>;
}

/** Browsers say where a form comes from; what does not say it is not a browser. */
const isForeign = ({ headers }: FastifyRequest): boolean =>
  headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';

export function watchRoutes(app: FastifyInstance, { toAsk, send }: WatchRoutes): void {
  app.register(async (routes) => {
    routes.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: LONGEST_BODY },
      (_request, body, done) => done(null, new URLSearchParams(body as string)),
    );
    for (const language of LANGUAGES) {
      const at = (path: string) => inLanguage(language, path);
      const fieldsOf = ({ body }: FastifyRequest) =>
        body instanceof URLSearchParams ? body : new URLSearchParams();
      type Named = { Params: { token: string } };

      routes.get(at('/watch'), (request, reply) => {
        const ask = toAsk(language, request);
        return send(request, reply, ask, () => watchPage(ask));
      });

      routes.post(at('/watch'), async (request, reply) => {
        const fields = fieldsOf(request);
        const ask = { ...toAsk(language, request), query: fields };
        return send(request, reply, ask, async () => {
          const { watches } = ask.parts;
          const words = WATCH[language];
          const asked = readWatch(ask);
          const email = fields.get('email')?.trim() ?? '';
          if (!asked.question) return watchPage(ask, asked.wrong ?? words.wrong.year);
          if (!watches?.hasMail || isForeign(request)) return watchPage(ask, words.off);
          if (email.length > 200 || !EMAIL.test(email))
            return watchPage(ask, `${words.mail.label}: ${words.wrong.email}`);
          await app.limits.takeWatch(request);
          const written = await watches.ask(email, language, asked.question, new Date(ask.nowMs));
          if (written === 'full') return watchPage(ask, words.mail.full);
          const sent: Ask = { ...ask, query: new URLSearchParams([...watchParams(asked), ['sent', '1']]) };
          return watchPage(sent);
        });
      });

      routes.get(at('/watch/feed.atom'), (request, reply) => {
        const ask = toAsk(language, request);
        return sendFeed(ask, request, reply).catch((error) => {
          if (!(error instanceof BadAddress)) throw error;
          return reply.code(400).type('text/plain; charset=utf-8').send(error.message);
        });
      });

      const show = (request: FastifyRequest<Named>, reply: FastifyReply) => {
        const ask = toAsk(language, request);
        const { token } = request.params;
        return send(request, reply, ask, async () =>
          watchedPage(ask, token, (await ask.parts.watches?.find(token)) ?? null),
        );
      };
      routes.get<Named>(at('/watch/:token'), show);
      routes.get<Named>(at('/watch/:token/end'), show);

      routes.post<Named>(at('/watch/:token'), async (request, reply) => {
        const ask = toAsk(language, request);
        const { token } = request.params;
        return send(request, reply, ask, async () => {
          const { watches } = ask.parts;
          const what = fieldsOf(request).get('do');
          if (isForeign(request) || !watches) return watchedPage(ask, token, null);
          if (what === 'end') {
            await watches.end(token);
            return endedPage(ask);
          }
          if (what === 'confirm') await watches.confirm(token, new Date(ask.nowMs));
          return watchedPage(ask, token, await watches.find(token));
        });
      });

      // One click in a reader of mail (RFC 8058): it may come from anywhere, and its sender holds the signed link.
      routes.post<Named>(at('/watch/:token/end'), async (request, reply) => {
        const ask = toAsk(language, request);
        return send(request, reply, ask, async () => {
          await ask.parts.watches?.end(request.params.token);
          return endedPage(ask);
        });
      });
    }
  });
}

/** Nothing is stored for it: what is told once stays under one id until the sum has grown by as much again. */
async function sendFeed(ask: Ask, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { language, parts, nowMs } = ask;
  const words = WATCH[language];
  const asked = readWatch(ask);
  if (!asked.question)
    return reply
      .code(400)
      .type('text/plain; charset=utf-8')
      .send(asked.wrong ?? words.wrong.year);
  const { place } = asked;
  const { question } = asked;
  const found = await watchSum(ask, question);
  if (found === 'away') return reply.code(503).header('retry-after', '30').send();
  const { sum, at } = found;
  const origin = parts.publicUrl ?? `${request.protocol}://${request.host}`;
  const home = `${origin}${withParams(inLanguage(language, `/${place.path}`), [['profile', asked.usage]])}`;
  const mark = hash('sha256', JSON.stringify(question), 'hex').slice(0, 16);
  const idOf = (what: string) => `tag:wattsync,${question.since}:watch/${mark}/${what}`;
  const never = { told_at: null, told_year_usd: null, told_end_at: null };
  const { plan, end } = decide(question, sum, never, new Date(nowMs));
  const updated = new Date(at).toISOString();
  const entries: FeedEntry[] = [];
  if (plan) {
    entries.push({
      id: idOf(String(Math.floor(sum.saving_usd! / question.by_usd))),
      updated,
      title: words.entry(sum.saving_usd!, place.name),
      link: `${origin}${inLanguage(language, `/plans/${sum.lowest!.plan_id}`)}`,
      text: sumLines(language, question, sum).join('\n'),
    });
  }
  if (end) {
    const day = date(language, new Date(`${question.ends_on}T12:00:00Z`), 'exactDay');
    entries.push({
      id: idOf('end'),
      updated,
      title: words.entryEnd(day),
      link: home,
      text: words.entryEnd(day),
    });
  }
  const feed = { url: `${origin}${request.url}`, home, title: words.feedTitle(place.name), entries };
  return reply
    .header('cache-control', `private, max-age=${FEED_MAX_AGE_SECONDS}`)
    .type('application/atom+xml; charset=utf-8')
    .send(atomFeed(feed, new Date(at)));
}
