/** Where frames go: a terminal gets each one drawn over the last, anything else gets plain lines. */

import {
  cursorHide,
  cursorShow,
  cursorTo,
  enterAlternativeScreen,
  eraseDown,
  eraseEndLine,
  exitAlternativeScreen,
  synchronizedOutput,
} from 'ansi-escapes';

interface Screen {
  show(lines: readonly string[]): void;
  /** Gives the terminal back as it was, with the last frame on it. Safe twice. */
  close(): void;
}

type Output = Pick<NodeJS.WriteStream, 'write'>;

export function liveScreen(output: Output): Screen {
  let last: readonly string[] = [];
  let isOpen = true;
  const enter = () => output.write(enterAlternativeScreen + cursorHide);
  const leave = () => output.write(cursorShow + exitAlternativeScreen);
  // Ctrl-Z: the shell gets its screen back, not a frozen picture.
  const onSuspend = () => {
    leave();
    process.kill(process.pid, 'SIGSTOP');
  };
  const onContinue = () => {
    enter();
    show(last);
  };
  const show = (lines: readonly string[]) => {
    last = lines;
    // Drawn over the last frame, erasing only what is behind it, so that nothing flickers.
    const drawn = lines.map((line) => line + eraseEndLine).join('\r\n');
    output.write(synchronizedOutput(cursorTo(0, 0) + drawn + eraseDown));
  };
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    process.off('SIGTSTP', onSuspend).off('SIGCONT', onContinue).off('exit', close);
    leave();
    if (last.length > 0) output.write(`${last.join('\n')}\n`);
  };
  // Also where something unexpected ends the process.
  process.on('SIGTSTP', onSuspend).on('SIGCONT', onContinue).on('exit', close);
  enter();
  return { show, close };
}

/** Frames below each other, with `between` between them; no code that steers a terminal. */
export function plainScreen(output: Output, between = ''): Screen {
  let isFirst = true;
  return {
    show(lines) {
      output.write(`${isFirst ? '' : between}${lines.join('\n')}\n`);
      isFirst = false;
    },
    close() {},
  };
}
