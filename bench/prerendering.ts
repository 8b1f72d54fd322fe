/**
 * A Chromium that makes the next page ready behind the present one. It refuses to while a debugger is attached to a page
 * alone, as Playwright is; attached to the tab, as its own developer tools are, it does (DevTools protocol, `Target`).
 */

import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { spawnChromium } from '../test/pages/browser.ts';

const WAIT_MS = 1_000;
interface Told {
  id?: number;
  result?: unknown;
  error?: { message: string };
  method?: string;
  params?: { sessionId: string; targetInfo: { type: string } };
}

export interface Arrival {
  /** From the press to the first paint of the next page. */
  nextMs: number;
  /** Whether that page was there before the press. */
  isPrerendered: boolean;
}

const PREPARE = `(() => {
  addEventListener('click', ({ timeStamp }) => {
    localStorage.setItem('pressed', performance.timeOrigin + timeStamp);
  }, true);
  const link = document.querySelector('.pl a');
  link.scrollIntoView({ block: 'center', behavior: 'instant' });
  const { x, y } = link.getBoundingClientRect();
  return { x: x + 8, y: y + 4 };
})()`;
const ARRIVED = `({
  nextMs: performance.timeOrigin + performance.getEntriesByName('first-paint')[0].startTime - localStorage.getItem('pressed'),
  isPrerendered: performance.getEntriesByType('navigation')[0].activationStart > 0,
  path: location.pathname,
})`;

/**
 * Rests on the first plan of a list until the browser has had its time, and presses.
 * @param folder where the browser keeps what it keeps
 * @param prepare commands for every page of the tab, those made ready included
 */
export async function pressAfterRest(
  address: string,
  folder: string,
  prepare: readonly (readonly [method: string, params: object])[],
): Promise<Arrival> {
  const chromium = await spawnChromium(folder);
  try {
    const { send, sessions } = await openTab(chromium.address, prepare);
    const evaluate = async (expression: string, session: string) => {
      const { result } = (await send('Runtime.evaluate', { expression, returnByValue: true }, session)) as {
        result: { value: unknown };
      };
      return result.value;
    };
    const first = sessions[0]!;
    await send('Page.navigate', { url: address }, first);
    await setTimeout(2 * WAIT_MS);
    const at = (await evaluate(PREPARE, first)) as { x: number; y: number };
    await send('Input.dispatchMouseEvent', { type: 'mouseMoved', ...at }, first);
    await setTimeout(2 * WAIT_MS);
    for (const type of ['mousePressed', 'mouseReleased']) {
      await send('Input.dispatchMouseEvent', { type, ...at, button: 'left', clickCount: 1 }, first);
    }
    await setTimeout(WAIT_MS);
    // The page that was left answers no more.
    const { path, ...arrival } = (await evaluate(ARRIVED, sessions.at(-1)!)) as Arrival & { path: string };
    if (!path.startsWith('/plans/')) throw new Error(`The press led to ${path}, expected /plans/…`);
    return arrival;
  } finally {
    await chromium.stop();
  }
}

async function openTab(address: string, prepare: readonly (readonly [string, object])[]) {
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  /** Of the pages of the tab, in the order in which they came. */
  const sessions: string[] = [];
  let last = 0;
  const send = (method: string, params: object = {}, sessionId?: string): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>();
    waiting.set(++last, answer);
    socket.send(JSON.stringify({ id: last, method, params, sessionId }));
    return answer.promise;
  };
  const attached = Promise.withResolvers<void>();
  socket.addEventListener('message', async ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(String(data)) as Told;
    if (id !== undefined) {
      if (error) waiting.get(id)?.reject(new Error(error.message));
      else waiting.get(id)?.resolve(result);
    }
    if (method !== 'Target.attachedToTarget' || params?.targetInfo.type !== 'page') return;
    sessions.push(params.sessionId);
    const commands = [...prepare, ['Runtime.runIfWaitingForDebugger', {}] as const];
    // Some are answered only once the page runs.
    await Promise.all(commands.map(([command, more]) => send(command, more, params.sessionId)));
    attached.resolve();
  });
  const { targetId } = (await send('Target.createTarget', { url: 'about:blank', forTab: true })) as {
    targetId: string;
  };
  const { sessionId } = (await send('Target.attachToTarget', { targetId, flatten: true })) as {
    sessionId: string;
  };
  const attach = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true };
  await send('Target.setAutoAttach', attach, sessionId);
  await attached.promise;
  return { send, sessions };
}
