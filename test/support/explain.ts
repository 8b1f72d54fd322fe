/** How PostgreSQL runs a statement, held against what a page under docs/ promises of it. */

import type { DocumentedQuery } from '../../bench/documented-queries.ts';
import type { Queryable } from '../../src/store/postgres/database.ts';

// biome-ignore format: as PostgreSQL calls them
export interface PlanNode { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; 'Actual Rows': number; 'Actual Loops': number; 'Rows Removed by Filter'?: number; 'Shared Hit Blocks': number; 'Shared Read Blocks': number; Plans?: PlanNode[] }

export const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
export const buffersOf = (node: PlanNode): number => node['Shared Hit Blocks'] + node['Shared Read Blocks'];

export async function explain(queryable: Queryable, sql: string): Promise<PlanNode> {
  const { rows } = await queryable.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, buffers, format json) ${sql}`,
  );
  return rows[0]!['QUERY PLAN'][0].Plan;
}

/** That of a month is called like that of the whole history, and the month. */
const isPartOf = (index: string, whole: string): boolean =>
  index === whole || (index.startsWith(`${whole}_`) && /\d{4}_\d\d$/.test(index));

/** What a plan does against the promise of the page; empty where it keeps it. */
export function complaints({ index, isPage, buffers }: DocumentedQuery, root: PlanNode): string[] {
  const nodes = nodesOf(root);
  const found: string[] = [];
  if (index !== null && !nodes.some((node) => isPartOf(node['Index Name'] ?? '', index))) {
    found.push(`leaves ${index}`);
  }
  if (buffersOf(root) > buffers) found.push(`reads ${buffersOf(root)} pages instead of ${buffers}`);
  if (root['Actual Rows'] === 0) found.push('finds nothing');
  if (!isPage) return found;
  if (nodes.some((node) => node['Node Type'].includes('Sort'))) found.push('sorts');
  const read = nodes
    .filter((node) => node['Node Type'].includes('Scan'))
    .map((node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']);
  if (Math.max(...read) > root['Actual Rows']) found.push(`reads ${Math.max(...read)} rows`);
  return found;
}
