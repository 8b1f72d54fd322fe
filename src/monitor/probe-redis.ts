/** Whether Redis does what the cache asks of it: a script that writes, what it wrote read back, news sent and heard. */

import type { Redis } from 'ioredis';
import type { Secret } from '../config.ts';
import { describeError } from '../errors.ts';
import type { DatabaseIdentity } from '../store/postgres/database-identity.ts';

const TIMEOUT_MS = 2_000;

interface Probe {
  /** Milliseconds that a written value takes to be read back. */
  ms: number;
}

interface ProbeFailure {
  /** What did not work: `write`, `publish`. */
  step: string;
  error: string;
}

/** @param identity `null`: the database cannot say how its values are named; the names begin alike all the same */
export async function probeRedis(
  url: Secret,
  identity: DatabaseIdentity | null,
): Promise<Probe | ProbeFailure> {
  const [{ RedisConnection }, { RedisValues }, { WRITE }] = await Promise.all([
    import('../cache/redis/redis-connection.ts'),
    import('../cache/redis/redis-values.ts'),
    import('../cache/redis/redis-layer.ts'),
  ]);
  const values = new RedisValues({ identity: identity ?? { id: 'doctor', redis_key: 'doctor' } });
  const key = values.keyOf(`doctor-${process.pid}`);
  const connections = [0, 1].map(() => {
    const ready = Promise.withResolvers<void>();
    const connection = new RedisConnection({ url, onReady: async () => ready.resolve() });
    let last = `no answer within ${TIMEOUT_MS / 1000} s`;
    connection.client.on('error', (error) => {
      last = describeError(error);
      // Nobody is there: waiting would not bring anybody.
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') ready.reject(error);
    });
    const timer = setTimeout(() => ready.reject(new Error(last)), TIMEOUT_MS);
    return { connection, ready: ready.promise.finally(() => clearTimeout(timer)) };
  });
  const [talking, hearing] = connections.map(({ connection }) => connection.client) as [Redis, Redis];
  const message = `doctor ${key}`;
  const heard = new Promise<void>((resolve, reject) => {
    hearing.on('message', (_channel, text) => text === message && resolve());
    setTimeout(() => reject(new Error('what was published was not heard')), 2 * TIMEOUT_MS).unref();
  });
  heard.catch(() => {});
  let ms = 0;
  const steps: [string, () => Promise<unknown>][] = [
    ['connect', () => Promise.all(connections.map(({ ready }) => ready))],
    ['ping', () => talking.ping()],
    ['subscribe', () => hearing.subscribe(values.channel)],
    [
      'write',
      async () => {
        const began = performance.now();
        await talking.eval(WRITE, 1, key, '1', '', 'probe', '', '10000', values.channel, message);
        ms = performance.now() - began;
      },
    ],
    [
      'read',
      async () => {
        const [body] = await talking.hmget(key, 'body');
        if (body !== 'probe') throw new Error('what was written was not there');
      },
    ],
    ['publish', () => heard],
    ['clear', () => talking.del(key)],
  ];
  let step = '';
  try {
    for (const [name, work] of steps) {
      step = name;
      await work();
    }
    return { ms };
  } catch (error) {
    await talking.del(key).catch(() => {});
    return { step, error: describeError(error) };
  } finally {
    await Promise.all(connections.map(({ connection }) => connection.stop()));
  }
}
