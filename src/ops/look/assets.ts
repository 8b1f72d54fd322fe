/** The style sheet, the script and uPlot: read once, named by their content, so that a browser keeps them for good. */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const readPackage = (path: string): string => readFileSync(fileURLToPath(import.meta.resolve(path)), 'utf8');

interface Asset {
  type: string;
  plain: Buffer;
  br: Buffer;
  gzip: Buffer;
}

const CSS = 'text/css; charset=utf-8';
const JS = 'text/javascript; charset=utf-8';

function load(): Map<string, Asset> {
  const uplot = pack(JS, readPackage('uplot/dist/uPlot.iife.min.js'));
  const paths = new Map<string, Asset>();
  const add = (name: string, asset: Asset) => paths.set(pathOf(name, asset), asset);
  const style = `${read('../../html/tokens.css')}${read('ops.css')}${readPackage('uplot/dist/uPlot.min.css')}`;
  add('ops.css', pack(CSS, style.replace(/\n\s*/g, '\n')));
  add('uplot.js', uplot);
  add('ops.js', pack(JS, read('../client/ops.js').replace('UPLOT_PATH', pathOf('uplot.js', uplot))));
  return paths;
}

function pack(type: string, text: string): Asset {
  const plain = Buffer.from(text);
  return {
    type,
    plain,
    br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    gzip: gzipSync(plain, { level: 9 }),
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
