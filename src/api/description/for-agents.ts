/** `/llms.txt`: where a language model finds what, and the documents as Markdown (llmstxt.org). */

import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problem.ts';

/** Documents for those who use the API, and what each is for. Those for operators stay in the repository. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  truth: 'how each figure is known, and what it does not say',
  glossary: 'what the words mean',
  errors: 'every error code and what to do',
  'api-promises': 'what stays as it is, and how what goes is announced',
};
const MAX_AGE = 'public, max-age=3600, stale-if-error=86400';

interface Parts {
  publicUrl: string | null;
  exports?: object;
}

export function forAgentsRoutes(app: FastifyInstance, parts: Parts): void {
  const send = (reply: FastifyReply, type: string, text: string) =>
    reply.header('cache-control', MAX_AGE).type(`${type}; charset=utf-8`).send(text);
  app.get('/llms.txt', (request, reply) =>
    send(reply, 'text/plain', llmsText(originOf(parts, request), parts)),
  );
  app.get<{ Params: { name: string } }>('/docs/:name.md', async (request, reply) => {
    const { name } = request.params;
    if (!Object.hasOwn(DOCUMENTS, name)) {
      throw new Problem('not_found', {
        detail: `The documents here are ${Object.keys(DOCUMENTS).join(', ')}.`,
      });
    }
    const file = new URL(`../../../docs/${name}.md`, import.meta.url);
    return send(reply, 'text/markdown', await readFile(file, 'utf8'));
  });
}

const originOf = ({ publicUrl }: Parts, { protocol, host }: FastifyRequest): string =>
  publicUrl ?? `${protocol}://${/^[\w.:[\]-]{1,200}$/.test(host) ? host : 'localhost'}`;

const llmsText = (origin: string, { exports }: Parts): string => `# wattsync

> Electricity plans of the competitive Texas market: what is sold where, what it costs a home in the next twelve months, how \
that is known, and what became of each plan. Facts come from the upstream that each answer names; "sandbox" means invented.

Money is USD before tax, rates are cents per kWh, usage is kWh a month, times are UTC. What is not known is null, never 0 and \
never a guess. A bill is certain only where \`exact\` is true; \`evidence\` says what it rests on. Tell when the facts were \
confirmed (\`as_of\`), too.

## Tools

- [MCP server](${origin}/mcp): POST, stateless, no account: find_place, search_plans, bill, compare_plans, market_history, changes, freshness
- [API description](${origin}/openapi.json): OpenAPI 3.1
- [API documentation](${origin}/docs): the same with forms to try

## Questions and where they are answered

- [What is the cheapest 12-month green plan for a house in 75201, and is that bill certain?](${origin}/v1/plans?zip=75201&profile=house&term=12&min_green=100&limit=1): \`data[0].year.total_usd\`, and \`year.exact\`
- [What would each plan in Houston cost at 1,350 kWh a month?](${origin}/v1/plans?city=houston-tx&usage=1350&sort=bill): \`data[].bill\`
- [What happened in the market lately?](${origin}/v1/changes): events with their causes, then follow \`links.next\`

## Documents

${Object.entries(DOCUMENTS)
  .map(([name, what]) => `- [${name}](${origin}/docs/${name}.md): ${what}`)
  .join('\n')}
${exports ? `\n## Data\n\n- [Exports](${origin}/v1/exports): each day and month as CSV, JSON lines and Parquet, with a data dictionary and licences\n` : ''}`;
