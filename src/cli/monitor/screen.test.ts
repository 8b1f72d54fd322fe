import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clearTerminal,
  cursorShow,
  cursorTo,
  eraseDown,
  eraseEndLine,
  eraseScreen,
  exitAlternativeScreen,
  synchronizedOutput,
} from 'ansi-escapes';
import { liveScreen, plainScreen } from './screen.ts';

/** What a terminal would be sent. */
function recorder() {
  const written: string[] = [];
  return {
    output: { write: (text: string | Uint8Array) => written.push(String(text)) > 0 },
    all: () => written.join(''),
    last: () => written.at(-1)!,
  };
}

test('frames are drawn over each other: nothing is cleared before it is drawn', () => {
  const terminal = recorder();
  const screen = liveScreen(terminal.output);
  screen.show(['one', 'two']);
  const drawn = ['one', 'two'].map((line) => line + eraseEndLine).join('\r\n');
  assert.equal(terminal.last(), synchronizedOutput(cursorTo(0, 0) + drawn + eraseDown));
  for (const code of [eraseScreen, clearTerminal]) assert.ok(!terminal.all().includes(code));
  screen.close();
});

test('the terminal is given back once, with the last frame on it', () => {
  const terminal = recorder();
  const screen = liveScreen(terminal.output);
  screen.show(['a frame']);
  screen.close();
  screen.close();
  const all = terminal.all();
  for (const code of [exitAlternativeScreen, cursorShow]) assert.equal(all.split(code).length, 2);
  assert.ok(all.endsWith('a frame\n'));
  assert.equal(process.listenerCount('SIGCONT'), 0);
});

test('who comes back from Ctrl-Z finds the last frame', () => {
  const terminal = recorder();
  const screen = liveScreen(terminal.output);
  screen.show(['a frame']);
  process.emit('SIGCONT');
  assert.match(terminal.last(), /a frame/);
  screen.close();
});

test('elsewhere frames follow each other without any code', () => {
  const file = recorder();
  const screen = plainScreen(file.output, '\n');
  screen.show(['one']);
  screen.show(['two']);
  screen.close();
  assert.equal(file.all(), 'one\n\ntwo\n');
});
