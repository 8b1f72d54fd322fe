/** A Redis of one's own for as long as something is measured. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export async function withRedis<T>(
  folder: string,
  work: (url: string, pid: number) => Promise<T>,
  port = 20_000 + Math.floor(Math.random() * 20_000),
): Promise<T> {
  const redis = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  redis.on('error', () => {
    throw new Error('redis-server is missing. Install it: apt-get install redis-server');
  });
  try {
    for await (const line of createInterface({ input: redis.stdout })) {
      if (line.includes('Ready to accept connections')) break;
    }
    redis.stdout.resume();
    return await work(`redis://127.0.0.1:${port}`, redis.pid!);
  } finally {
    redis.kill('SIGKILL');
    if (redis.exitCode === null && redis.signalCode === null) await once(redis, 'exit');
  }
}

export async function flush(redisUrl: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redisUrl);
  await client.flushall();
  client.disconnect();
}
