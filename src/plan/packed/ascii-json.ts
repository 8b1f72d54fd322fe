const NOT_ASCII = /[\u0080-\uffff]/;

/**
 * The same JSON in ASCII alone, so that parts can be joined and sent without being encoded. The way through a buffer
 * makes it a string of one byte a character inside V8; a single part of two bytes would make the whole answer slow.
 */
export function asciiJson(json: string): string {
  if (!NOT_ASCII.test(json)) return json;
  const ascii = json.replace(
    /[\u0080-\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return flat(ascii);
}

/** The same text in one piece: what was put together from parts stays in pieces, to be walked each time it is used. */
export function flat(ascii: string): string {
  return Buffer.from(ascii, 'latin1').toString('latin1');
}
