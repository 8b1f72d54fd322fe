/** Files that are not the export, named for what they are: "cut off" would send an operator the wrong way. */

/** How files of other kinds begin. */
const BEGINNINGS: readonly [bytes: string, kind: string][] = [
  ['\u00ff\u00fe', 'it is UTF-16 text; save it as UTF-8'],
  ['\u00fe\u00ff', 'it is UTF-16 text; save it as UTF-8'],
  ['\u001f\u008b', 'it is compressed with gzip; unpack it first'],
  ['BZh', 'it is compressed with bzip2; unpack it first'],
  ['\u00fd7zXZ', 'it is compressed with xz; unpack it first'],
  ['(\u00b5/\u00fd', 'it is compressed with Zstandard; unpack it first'],
  ['7z\u00bc\u00af', 'it is a 7-Zip archive; unpack it first'],
  ['Rar!', 'it is a RAR archive; unpack it first'],
  ['%PDF', 'it is a PDF document'],
  ['\u00d0\u00cf\u0011\u00e0', 'it is an old Excel workbook (.xls); save it as CSV'],
  ['PAR1', 'it is a Parquet file'],
  ['SQLite format 3', 'it is an SQLite database'],
];

const ZIP_BEGINNINGS = ['PK\u0003\u0004', 'PK\u0005\u0006', 'PK\u0007\u0008'];

/** `null` where nothing speaks against text in CSV. */
export function nameOtherKind(bytes: Uint8Array): string | null {
  const head = bytes.subarray(0, 4_096);
  // A byte is a character: what is looked for are plain letters.
  const raw = String.fromCharCode(...head);
  if (ZIP_BEGINNINGS.some((beginning) => raw.startsWith(beginning))) {
    return /\[Content_Types\]|xl\/|_rels\//.test(raw)
      ? 'it is an Excel workbook (.xlsx); save it as CSV'
      : 'it is a ZIP archive; unpack it first';
  }
  const known = BEGINNINGS.find(([beginning]) => raw.startsWith(beginning));
  if (known) return known[1];
  const binary = nameBinary(raw);
  if (binary) return binary;
  return nameMarkup(raw.replace(/^\u00ef\u00bb\u00bf/, '').trim());
}

/** Text in two bytes a character has a NUL in every other place, and plain text has none before its first line ends. */
function nameBinary(raw: string): string | null {
  const firstLine = raw.split('\n', 1)[0]!;
  const nuls = [...firstLine].filter((char) => char === '\0').length;
  if (nuls === 0) return null;
  const isHalf = nuls > firstLine.length * 0.4 && nuls < firstLine.length * 0.6;
  return isHalf ? 'it is UTF-16 text; save it as UTF-8' : 'it is binary data';
}

function nameMarkup(start: string): string | null {
  if (/^\{|^\[\s*(?:[{"\]\d]|$)/.test(start)) return `it is JSON: ${start.slice(0, 200)}`;
  if (!start.startsWith('<')) return null;
  if (/^<\?xml/i.test(start) && !/<html/i.test(start)) return 'it is an XML document';
  const title = /<title[^>]*>\s*([^<]*?)\s*</i.exec(start)?.[1];
  const name = title ? ` titled "${title}"` : '';
  return `it is an HTML page${name}; the site answers so to clients it takes for robots: check the user agent`;
}
