/**
 * What is asked with a method that an address does not take: OPTIONS is told what it takes, and a browser that asks on
 * behalf of another site's page what it may send (Fetch, 3.3); everything else is a 405.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.ts';

interface Address {
  pattern: RegExp;
  methods: Set<string>;
  isForAdmins: boolean;
}

/** What browsers do not send to other sites unasked. */
const ALLOWED_HEADERS = 'authorization, content-type, if-none-match';
const A_DAY = '86400';

/** @returns answers, or `false` where nothing is at this address. Sees all routes that are registered from now on. */
export function otherMethods(
  app: FastifyInstance,
): (request: FastifyRequest, reply: FastifyReply) => FastifyReply | false {
  const addresses = new Map<string, Address>();
  app.addHook('onRoute', ({ url, method, config }) => {
    if (url.includes('*')) return;
    const pattern = new RegExp(`^${url.replace(/[.+()]/g, '\\$&').replace(/:\w+/g, '[^/]+')}/?$`);
    const address: Address = addresses.get(url) ?? {
      pattern,
      methods: new Set(),
      isForAdmins: config?.operation?.role !== undefined,
    };
    for (const one of [method].flat()) address.methods.add(one);
    addresses.set(url, address);
  });
  return (request, reply) => {
    const path = request.url.split('?')[0]!;
    const found = [...addresses.values()].filter(({ pattern }) => pattern.test(path));
    if (found.length === 0) return false;
    const methods = [...new Set(found.flatMap((one) => [...one.methods])), 'OPTIONS'].toSorted().join(', ');
    reply.header('allow', methods);
    if (request.method === 'OPTIONS') {
      // Other sites get nothing where a token is needed.
      if (found.some(({ isForAdmins }) => isForAdmins)) reply.removeHeader('access-control-allow-origin');
      else {
        reply.headers({
          'access-control-allow-methods': methods,
          'access-control-allow-headers': ALLOWED_HEADERS,
          'access-control-max-age': A_DAY,
        });
      }
      return reply.code(204).header('cache-control', 'no-store').send();
    }
    return sendProblem(reply, 'method_not_allowed', {
      detail: `${path} takes ${methods}, not ${request.method}.`,
    });
  };
}
