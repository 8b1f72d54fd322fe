/** Lighthouse before a page of ours, with a Chromium that was started for it. */

import lighthouse, { type Flags } from 'lighthouse';

/** Categories as Lighthouse names them. */
export type Category = 'accessibility' | 'best-practices' | 'performance' | 'seo';

interface Verdict {
  /** 0 to 100, as Lighthouse prints it. */
  score: number;
  /** What takes points away, by the name of the audit. */
  faults: string[];
}

/**
 * @param port at which the browser takes the DevTools protocol
 * @param more settings of Lighthouse
 * @returns a verdict for each of the categories
 */
export async function judge(
  port: number,
  address: string,
  categories: readonly Category[],
  more: Flags = {},
): Promise<Partial<Record<Category, Verdict>>> {
  const result = await lighthouse(address, {
    port,
    logLevel: 'error',
    onlyCategories: [...categories],
    disableFullPageScreenshot: true,
    ...more,
  });
  if (!result) throw new Error(`Lighthouse says nothing about ${address}`);
  const { lhr } = result;
  if (lhr.runtimeError) throw new Error(`${address}: ${lhr.runtimeError.message}`);
  return Object.fromEntries(
    Object.values(lhr.categories).map(({ id, score, auditRefs }): [string, Verdict] => {
      const faults = auditRefs.filter(({ id, weight }) => weight > 0 && (lhr.audits[id]?.score ?? 1) < 1);
      return [id, { score: Math.round((score ?? 0) * 100), faults: faults.map((one) => one.id) }];
    }),
  );
}
