/**
 * Ends this process with the one that started it on somebody's behalf: npm puts a shell between itself and the program, and the
 * launcher of an older Node is a process of its own. A signal, or a `kill -9`, that ends one of those would leave the program
 * running and its port taken.
 */

/** A child of a shell lives on when the shell ends (`nohup`, a supervisor): only these two start it for somebody who waits. */
interface StartedBy {
  npm_lifecycle_event?: string | undefined;
  WATTSYNC_LAUNCHER?: string | undefined;
}

const LOOK_MS = 250;

/** @param end called once, when the parent is gone */
export function endWithParent(by: StartedBy, end: () => void): void {
  const launcher = Number(by.WATTSYNC_LAUNCHER);
  if (!by.npm_lifecycle_event && !(launcher > 0)) return;
  // Named by the launcher itself: it may have died before this line.
  const parent = launcher > 0 ? launcher : process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent && isAlive(parent)) return;
    clearInterval(timer);
    end();
  }, LOOK_MS);
  timer.unref();
}

/** On Windows the number of the parent stays after its death. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
