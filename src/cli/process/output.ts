/** Standard output that nobody reads any more, or that has no room, must not end the work half way. */

/** What a reader does that has seen enough (`| head -3`). */
const READER_GONE = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'];

/** @returns tells what could not be written, a reader that has gone apart */
export function guardOutput(): () => string | null {
  let failure: string | null = null;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!READER_GONE.includes(error.code ?? '')) failure ??= error.message;
  });
  // There is nobody left to tell.
  process.stderr.on('error', () => {});
  return () => failure;
}
