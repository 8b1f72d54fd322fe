/** Standard output that nobody reads any more, or that has no room, must not end the work half way. */

/** What a reader does that has seen enough (`| head -3`). */
const READER_GONE = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'];

/** What steers a terminal or turns the direction of writing; the codes of colours whole, to be told from others. */
const STEERING = /\p{Cc}(?:\[[\d;]*m)?|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Lines, tabs, and colours, which are ours: what came from outside was cleaned of them where it was read. */
const WANTED = ['\n', '\t', '\u001b['];

/** For a person: without it. */
export const harmless = (text: string): string =>
  text.replace(STEERING, (sign) => (WANTED.some((one) => sign.startsWith(one)) ? sign : sign.slice(1)));

/** JSON that says the same and shows none of it. */
export const harmlessJson = (json: string): string =>
  json.replace(STEERING, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}${sign.slice(1)}`);

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
