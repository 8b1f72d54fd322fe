/** The MCP server: seven tools that look, and two for operators. Each answer is the same in `content` and `structuredContent`. */

import { readFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { ApiError, type Client } from '../../client/index.ts';
import { changes, freshness, marketHistory, runTool, syncTool } from './market-tools.ts';
import { billTool, comparePlans, findPlace, searchPlans } from './plan-tools.ts';
import type { Tool } from './tool.ts';

const TOOLS: readonly Tool[] = [
  findPlace,
  searchPlans,
  billTool,
  comparePlans,
  marketHistory,
  changes,
  freshness,
  syncTool,
  runTool,
];

const INSTRUCTIONS =
  'Electricity plans of the competitive Texas market. Money is USD before tax, rates are cents per kWh, usage is kWh a month. Null is unknown, never 0. Say whether a bill is exact, and of when and whose the facts are (as_of, source); sandbox means invented. Other figures than those told here are guesses.';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** @param isOperator has a token that may change things */
export function buildMcpServer(client: Client, isOperator: boolean): McpServer {
  const server = new McpServer({ name: 'wattsync', version }, { instructions: INSTRUCTIONS });
  for (const one of TOOLS) {
    if (one.isForOperators && !isOperator) continue;
    const { name, description, input, output, run } = one;
    const readOnlyHint = name !== 'sync';
    server.registerTool(
      name,
      {
        description,
        inputSchema: input.strict(),
        outputSchema: output,
        annotations: {
          readOnlyHint,
          idempotentHint: readOnlyHint,
          destructiveHint: false,
          openWorldHint: false,
        },
      },
      async (given) => {
        try {
          const answer = await run(client, given as Record<string, unknown>);
          return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: answer };
        } catch (error) {
          // Without structuredContent: clients compare that with the schema of success.
          return { content: [{ type: 'text', text: problemText(error) }], isError: true };
        }
      },
    );
  }
  return server;
}

function problemText(error: unknown): string {
  if (error instanceof ApiError && error.problem) return JSON.stringify(error.problem);
  const message = error instanceof Error ? error.message : String(error);
  return JSON.stringify({ code: 'unreachable', detail: `The server did not answer: ${message}` });
}
