/** `mcp`: the tools for agents over standard input and output. They ask a running server; nothing else is written there. */

import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createClient } from '../../../client/index.ts';
import { expected } from '../../errors.ts';
import { buildMcpServer } from '../../mcp/server.ts';
import type { CommandContext } from '../command.ts';
import { UsageError } from '../usage-error.ts';

export async function mcp({ config }: CommandContext, { url }: { url?: string }): Promise<number> {
  const baseUrl =
    url ??
    config.publicUrl ??
    `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  if (!/^https?:$/.test(URL.canParse(baseUrl) ? new URL(baseUrl).protocol : '')) {
    throw new UsageError(expected('an http(s) address', baseUrl));
  }
  const admin = config.adminTokens?.find(({ role }) => role === 'operate');
  const client = createClient({ baseUrl, ...(admin && { token: admin.token.reveal() }) });
  const ended = Promise.withResolvers<void>();
  process.stdin.once('end', ended.resolve).once('close', ended.resolve);
  const serving = serveStdio(() => buildMcpServer(client, admin !== undefined), {
    onerror: (error) => console.error(error.message),
  });
  await ended.promise;
  await serving.close();
  return 0;
}
