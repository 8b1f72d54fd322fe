import type { Secret } from '../config.ts';
import { describeError } from '../errors.ts';

const TIMEOUT_MS = 2_000;

/** Whether Redis answers, reached as the cache would reach it. */
export async function pingRedis(url: Secret): Promise<{ ms: number } | { error: string }> {
  const { RedisConnection } = await import('../cache/redis/redis-connection.ts');
  const ready = Promise.withResolvers<void>();
  const connection = new RedisConnection({ url, onReady: async () => ready.resolve() });
  const { client } = connection;
  let last = `no answer within ${TIMEOUT_MS / 1000} s`;
  client.on('error', (error) => {
    last = describeError(error);
    // Nobody is there: waiting would not bring anybody.
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') ready.reject(error);
  });
  const timer = setTimeout(() => ready.reject(new Error(last)), TIMEOUT_MS);
  try {
    await ready.promise;
    const began = performance.now();
    await client.ping();
    return { ms: performance.now() - began };
  } catch (error) {
    return { error: describeError(error) };
  } finally {
    clearTimeout(timer);
    await connection.stop();
  }
}
