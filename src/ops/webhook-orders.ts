/** What a form of the page of a webhook asks for. */

import { expected } from '../errors.ts';
import {
  pauseHook,
  removeHook,
  replayHook,
  resumeHook,
  rotateHook,
  testHook,
  type WebhookOrders,
} from '../events/webhook-orders.ts';
import type { WebhookSaid } from './pages/webhooks.ts';

type Fields = Readonly<Record<string, string>>;

export async function obeyWebhook(
  orders: WebhookOrders,
  order: string,
  name: string,
  { since = '', confirm = '' }: Fields,
): Promise<WebhookSaid | 'unknown' | 'removed'> {
  const told = (isThere: boolean, note: string) => (isThere ? { note } : ('unknown' as const));
  switch (order) {
    case 'pause':
      return told(await pauseHook(orders, name), 'It is paused, and keeps its place in the log.');
    case 'resume':
      return told(await resumeHook(orders, name), 'It is told everything since it was last told.');
    case 'rotate': {
      const secret = await rotateHook(orders, name);
      const note = 'For a day the old secret signs, too. The new one, shown this once:';
      return secret === null ? 'unknown' : { note, secret };
    }
    case 'test': {
      const tested = await testHook(orders, name);
      if (!tested) return 'unknown';
      const { error, took_ms } = tested;
      return error === null
        ? { note: `It took the test in ${took_ms} ms.` }
        : { error: `It did not take the test: ${error}` };
    }
    case 'replay': {
      const seq = since.replaceAll(',', '').trim();
      if (!/^\d{1,15}$/.test(seq)) return { error: expected('the number of an event', since) };
      return told(
        await replayHook(orders, name, Number(seq)),
        `Everything after event ${seq} is sent once more.`,
      );
    }
    case 'remove':
      if (confirm.trim() !== name) return { error: `Type ${name} to remove it, not "${confirm.trim()}".` };
      return (await removeHook(orders, name)) ? 'removed' : 'unknown';
    default:
      return 'unknown';
  }
}
