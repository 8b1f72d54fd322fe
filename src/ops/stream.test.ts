import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { OpsStream } from './stream.ts';

/** A viewer that remembers what it was sent. */
class Viewer extends EventEmitter {
  sent: { at: string; parts: Record<string, string> }[] = [];
  writableLength = 0;
  isGone = false;
  write(text: string): void {
    const data = /^data: (.*)$/m.exec(text)?.[1];
    if (data) this.sent.push(JSON.parse(data));
  }
  destroy(): void {
    this.isGone = true;
    this.emit('close');
  }
  end(): void {
    this.destroy();
  }
}
const asResponse = (viewer: Viewer) => viewer as unknown as ServerResponse;
const KEY = { range: '24h', asTable: false } as const;

function openStream() {
  const page = { calls: '7 of 50', log: 'nothing' };
  let looks = 0;
  const stream = new OpsStream(async () => {
    looks += 1;
    return { at: new Date(looks), parts: new Map(Object.entries(page)) };
  });
  return { stream, page, looks: () => looks };
}

test('fifty viewers cost one look, and are sent only what changed', async () => {
  const { stream, page, looks } = openStream();
  const viewers = Array.from({ length: 50 }, () => new Viewer());
  for (const one of viewers) stream.join(KEY, asResponse(one));
  await stream.tick();
  assert.equal(looks(), 1);
  page.calls = '8 of 50';
  await stream.tick();
  assert.equal(looks(), 2);
  for (const { sent } of viewers) {
    assert.deepEqual(
      sent.map(({ parts }) => parts),
      [{ calls: '7 of 50', log: 'nothing' }, { calls: '8 of 50' }],
    );
  }
  stream.stop();
  assert.ok(viewers.every(({ isGone }) => isGone));
});

test('a viewer that comes later gets all of it at once, and for one that leaves nothing is read', async () => {
  const { stream, looks } = openStream();
  const first = new Viewer();
  stream.join(KEY, asResponse(first));
  await stream.tick();
  const second = new Viewer();
  stream.join(KEY, asResponse(second));
  assert.deepEqual(second.sent[0]?.parts, { calls: '7 of 50', log: 'nothing' });
  first.destroy();
  second.destroy();
  await stream.tick();
  assert.equal(looks(), 1);
});

test('a viewer that does not read is let go, and the others are not kept waiting', async () => {
  const { stream } = openStream();
  const [slow, quick] = [new Viewer(), new Viewer()];
  stream.join(KEY, asResponse(slow));
  stream.join(KEY, asResponse(quick));
  slow.writableLength = 2 << 20;
  await stream.tick();
  assert.ok(slow.isGone);
  assert.equal(quick.sent.length, 1);
  stream.stop();
});
