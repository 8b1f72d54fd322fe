/** The statements of the pages for analysts, with what the page promises of each. There is no other list. */

import { readFileSync } from 'node:fs';

export interface DocumentedQuery {
  name: string;
  sql: string;
  /** The index it lives on; `null`: the whole of something small is read. */
  index: string | null;
  /** It reads what it returns and no more, in order. */
  isPage: boolean;
  /** At most so many pages of 8 kB, read or found in memory. */
  buffers: number;
}

/** Pages under docs/. */
export type QueryPage = 'queries.md' | 'queries-history.md';

const SECTION =
  /^### (\S+)\n[^#]*?```sql\n-- uses (\w+|no index);( page;)? at most (\d+) pages\n(.*?);\n```$/gms;

export function readDocumentedQueries(page: QueryPage = 'queries.md'): DocumentedQuery[] {
  const text = readFileSync(new URL(`../docs/${page}`, import.meta.url), 'utf8');
  const queries = [...text.matchAll(SECTION)].map(([, name, index, isPage, buffers, sql]) => ({
    name: name!,
    sql: sql!,
    index: index === 'no index' ? null : index!,
    isPage: isPage !== undefined,
    buffers: Number(buffers),
  }));
  const blocks = text.split('```sql').length - 1;
  if (queries.length !== blocks) {
    throw new Error(
      `docs/${page} has ${blocks} statements, of which ${queries.length} can be read: each has a heading ### its-name ` +
        'and begins with "-- uses idx_…; page; at most 40 pages" ("page;" where it is one) and ends with ";".',
    );
  }
  return queries;
}
