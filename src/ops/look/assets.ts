/** The style sheet, the script and uPlot: read once, named by their content, so that a browser keeps them for good. */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const readPackage = (path: string): string => readFileSync(fileURLToPath(import.meta.resolve(path)), 'utf8');

type Encoding = 'br' | 'gzip';

interface Asset {
  type: string;
  plain: Buffer;
  /** Packed when it is first asked for, beside the event loop: a page that names it need not wait for that. */
  packed(encoding: Encoding): Promise<Buffer>;
}

const CSS = 'text/css; charset=utf-8';
const JS = 'text/javascript; charset=utf-8';

/** In this order: what is narrow or printed has the last word but for the alerts. */
const SHEETS = ['base', 'frame', 'tables', 'parts', 'charts', 'narrow', 'print', 'alerts'] as const;

function load(): Map<string, Asset> {
  const uplot = pack(JS, readPackage('uplot/dist/uPlot.iife.min.js'));
  const paths = new Map<string, Asset>();
  const add = (name: string, asset: Asset) => paths.set(pathOf(name, asset), asset);
  const sheets = ['../../html/tokens.css', ...SHEETS.map((name) => `../css/${name}.css`)].map(read);
  const style = [...sheets, readPackage('uplot/dist/uPlot.min.css')].join('');
  add('ops.css', pack(CSS, style.replace(/\n\s*/g, '\n')));
  add('uplot.js', uplot);
  add('ops.js', pack(JS, read('../client/ops.js').replace('UPLOT_PATH', pathOf('uplot.js', uplot))));
  return paths;
}

const PACKERS: Record<Encoding, (plain: Buffer) => Promise<Buffer>> = {
  br: (plain) =>
    promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }) as Promise<Buffer>,
  gzip: (plain) => promisify(gzip)(plain, { level: 9 }) as Promise<Buffer>,
};

function pack(type: string, text: string): Asset {
  const plain = Buffer.from(text);
  const known = new Map<Encoding, Promise<Buffer>>();
  return {
    type,
    plain,
    packed(encoding) {
      const packed = known.get(encoding) ?? PACKERS[encoding](plain);
      known.set(encoding, packed);
      return packed;
    },
  };
}

const pathOf = (name: string, { plain }: Asset): string =>
  `/ops/assets/${hash('sha256', plain).slice(0, 12)}/${name}`;

let loaded: Map<string, Asset> | undefined;
const all = (): Map<string, Asset> => (loaded ??= load());

/** Where a file of this version is. */
export const assetPath = (name: string): string =>
  [...all().keys()].find((path) => path.endsWith(`/${name}`))!;

/** What is at a path; `null`: nothing, or of another version. */
export const assetAt = (path: string): Asset | null => all().get(path) ?? null;
