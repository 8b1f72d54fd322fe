/** `/ops`: who may come in, and where each address leads. What the pages need is loaded with the first request. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../api/problem.ts';
import { bearerOf } from '../api/strangers/admin-token.ts';
import { describeError, WattsyncError } from '../errors.ts';
import type { Answer, Context, OpsParts } from './ops-parts.ts';
import { endCookie, type Session, Sessions } from './session.ts';
import type { Site } from './site.ts';

const LONGEST_BODY = 16_384;
/** Nothing but what is served from here; no inline script, no inline style, in no frame. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

type Fields = Record<string, string>;

/** @returns ends what was begun for it; safe early and twice */
export function opsRoutes(app: FastifyInstance, parts: OpsParts): { stop(): Promise<void> } {
  const { admin } = parts;
  let opened: Promise<Site> | undefined;
  const site = (): Promise<Site> => (opened ??= import('./site.ts').then(({ openSite }) => openSite(parts)));
  const sessions = admin && new Sessions(admin.tokens);

  const send = (
    reply: FastifyReply,
    { status = 200, to, html, type = 'text/html; charset=utf-8' }: Answer,
  ) => {
    if (to !== undefined) return reply.code(303).header('location', to).send();
    return reply.code(status).header('content-type', type).send(html);
  };

  /** The session of a request, or one that lasts as long as it where the token came with it. */
  const sessionOf = async (request: FastifyRequest): Promise<Session | null> => {
    const bearer = bearerOf(request.headers.authorization);
    if (bearer === '') return sessions?.read(request.headers.cookie) ?? null;
    return begin(request, 'admin', bearer);
  };

  /** @throws {Problem} `too_many_requests` after too many wrong tokens, here or at the API */
  const begin = async (request: FastifyRequest, who: string, token: string): Promise<Session | null> => {
    if (!sessions || !admin) return null;
    await app.limits.expectFewWrongTokens(request);
    const session = sessions.begin(who, token);
    if (!session) await app.limits.refuseToken(request, admin.database.pool);
    return session;
  };

  app.register(
    async (routes) => {
      routes.addContentTypeParser(
        'application/x-www-form-urlencoded',
        { parseAs: 'string', bodyLimit: LONGEST_BODY },
        (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
      );
      routes.addHook('onRequest', async (_request, reply) => {
        reply.removeHeader('access-control-allow-origin');
        reply.headers(HEADERS);
      });
      routes.setErrorHandler(async (error: Error & { statusCode?: number }, _request, reply) => {
        const isExpected = error instanceof WattsyncError;
        const status = isExpected ? 409 : (error.statusCode ?? 500);
        if (status >= 500) parts.onError(error);
        const message = status >= 500 ? 'It was written to the log.' : describeError(error);
        return send(reply, (await site()).failed(status, message));
      });
      routes.setNotFoundHandler(async (request, reply) =>
        send(reply, (await site()).failed(404, `There is no page ${request.url.split('?')[0]}.`)),
      );

      routes.get('/assets/:version/:name', async (request, reply) => {
        const { assetAt } = await import('./look/assets.ts');
        const asset = assetAt(request.url.split('?')[0]!);
        if (!asset) return send(reply, (await site()).failed(404, 'There is no such file in this version.'));
        const encoding = (['br', 'gzip'] as const).find((one) => acceptsOf(request).includes(one));
        reply.headers({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding' });
        if (encoding) reply.header('content-encoding', encoding);
        return reply
          .header('content-type', asset.type)
          .send(encoding ? await asset.packed(encoding) : asset.plain);
      });

      routes.get('/login', async (request, reply) => {
        const { next = '/ops' } = request.query as Fields;
        const page = await site();
        // An operator who logs in looks at "Now" a moment later: the first look of a process is made meanwhile.
        page.prepare();
        return send(reply, page.login({ next: pathWithin(next), isOff: !sessions }));
      });
      routes.post('/login', async (request, reply) => {
        const { who = '', token = '', next = '/ops' } = (request.body ?? {}) as Fields;
        const login = { next: pathWithin(next), isOff: !sessions, who };
        const page = await site();
        if (isForeign(request)) return send(reply, page.failed(403, 'The form was sent from another site.'));
        if (!Sessions.isName(who.trim())) {
          const error =
            'Give a name of up to 40 letters, digits, blanks, dots or hyphens: it stands in the audit log.';
          return send(reply, page.login({ ...login, error }, 400));
        }
        let session: Session | null;
        try {
          session = await begin(request, who.trim(), token.trim());
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          reply.header('retry-after', String(error.details.retry_after_seconds));
          return send(reply, page.login({ ...login, error: error.message }, error.statusCode));
        }
        if (!session) {
          return send(reply, page.login({ ...login, error: 'This is not the token of ADMIN_TOKEN.' }, 401));
        }
        reply.header('set-cookie', sessions!.cookieOf(session, isSecure(request)));
        return send(reply, { to: login.next });
      });
      routes.get('/logout', async (request, reply) => {
        const session = await sessionOf(request);
        if (!session) return send(reply, { to: '/ops/login' });
        return send(reply, (await site()).logout(sessions!.formToken(session)));
      });

      routes.register(async (inside) => {
        inside.addHook('preHandler', async (request, reply) => {
          const session = await sessionOf(request);
          if (session) {
            const isBearer = bearerOf(request.headers.authorization) !== '';
            const { form_token = '' } = (request.body ?? {}) as Fields;
            const isOurs =
              request.method === 'GET' ||
              isBearer ||
              (!isForeign(request) && sessions!.isFormToken(session, form_token));
            const mayOnlyLook = session.role === 'read' && request.method !== 'GET';
            if (mayOnlyLook && request.url !== '/ops/logout') {
              const why = `The token of ${session.who} has the role read: it may look at everything and change nothing.`;
              return send(reply, (await site()).failed(403, why));
            }
            if (isOurs) {
              request.opsSession = session;
              return;
            }
            return send(
              reply,
              (await site()).failed(
                403,
                'The form is not of this session. Go back, load the page again and send it once more.',
              ),
            );
          }
          if (
            request.method !== 'GET' ||
            request.url.startsWith('/ops/stream') ||
            bearerOf(request.headers.authorization) !== ''
          ) {
            return send(
              reply,
              (await site()).failed(
                401,
                'This needs a login, or the header "Authorization: Bearer …" with the token of ADMIN_TOKEN.',
              ),
            );
          }
          return send(reply, { to: `/ops/login?next=${encodeURIComponent(request.url)}` });
        });

        const page = (path: string, show: (at: Site, context: Context) => Answer | Promise<Answer>) => {
          inside.get(path, async (request, reply) =>
            send(reply, await show(await site(), contextOf(request, sessions!))),
          );
        };
        const order = (path: string, act: (at: Site, context: Context) => Promise<Answer>) => {
          inside.post(path, { bodyLimit: LONGEST_BODY }, async (request, reply) =>
            send(reply, await act(await site(), contextOf(request, sessions!))),
          );
        };
        page('/', (at, context) => at.now(context));
        page('/runs', (at, context) => at.runs(context));
        page('/runs/:id', (at, context) => at.run(context));
        page('/held/:tdsp', (at, context) => at.held(context));
        order('/held/:tdsp/publish', (at, context) => at.publishHeld(context));
        order('/held/:tdsp/drop', (at, context) => at.dropHeld(context));
        page('/alerts', (at, context) => at.alerts(context));
        page('/webhooks', (at, context) => at.webhooks(context));
        page('/webhooks/:name', (at, context) => at.webhook(context));
        order('/webhooks/:name/:order', (at, context) => at.orderWebhook(context));
        page('/database', (at, context) => at.database(context));
        page('/reports', (at, context) => at.reports(context));
        page('/runbook', (at, context) => at.runbook(context));
        page('/log', (at, context) => at.log(context));
        page('/do/:action', (at, context) => at.confirm(context));
        order('/do/:action', (at, context) => at.act(context));
        inside.post('/logout', async (request, reply) => {
          reply.header('set-cookie', endCookie(isSecure(request)));
          return send(reply, { to: '/ops/login' });
        });
        inside.get('/stream', async (request, reply) => {
          const answer = (await site()).stream(contextOf(request, sessions!));
          if (!answer) return send(reply, (await site()).failed(503, 'Too many viewers at once.'));
          reply.hijack();
          const headers = {
            ...HEADERS,
            'content-type': 'text/event-stream; charset=utf-8',
            'x-accel-buffering': 'no',
          };
          reply.raw.writeHead(200, headers);
          answer(reply.raw);
        });
      });
    },
    { prefix: '/ops' },
  );
  return {
    async stop() {
      if (opened) await (await opened).stop();
    },
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set where the request was let in. */
    opsSession?: Session;
  }
}

function contextOf(request: FastifyRequest, sessions: Sessions): Context {
  const session = request.opsSession!;
  return {
    path: request.params as Fields,
    query: request.query as Fields,
    body: (request.body ?? {}) as Fields,
    who: session.who,
    formToken: sessions.formToken(session),
  };
}

const acceptsOf = ({ headers }: FastifyRequest): string => String(headers['accept-encoding'] ?? '');

/** Only pages of operations: a link to the login must not lead to another site. */
const pathWithin = (path: string): string =>
  /^\/ops(?:[/?][\w./?=&%-]*)?$/.test(path) && !/\.\.|\/\//.test(path) ? path : '/ops';

/** Browsers say where a form comes from; what does not say it is not a browser. */
const isForeign = ({ headers }: FastifyRequest): boolean =>
  ![undefined, 'same-origin', 'none'].includes(headers['sec-fetch-site'] as string | undefined);

const isSecure = ({ headers, protocol }: FastifyRequest): boolean =>
  protocol === 'https' || headers['x-forwarded-proto'] === 'https';
