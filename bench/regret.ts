/** What the first plan of the yearly order costs more than the best, on real files, beside "cheapest at 1,000 kWh". */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { offerKey } from '../src/plan/offer.ts';
import type { PlanDraft } from '../src/plan/plan.ts';
import { rememberedText } from '../src/plan/told-text.ts';
import { parsePowerToChoose } from '../src/sources/powertochoose/normalise.ts';
import { usageProfiles } from '../src/store/profiles.ts';
import { readTerritory } from '../src/store/territory.ts';
import { type Regrets, type RememberingDraft, regretsOf } from './regrets.ts';
import { digits, type Say, type Section, verdict } from './report.ts';

/** Real exports lie beside the repository; without them the one that comes with it is measured. */
const DATA = new URL('../../shared/data/', import.meta.url);
const OWN = new URL('../test/fixtures/oncor-2026-07-20.csv', import.meta.url);

export async function measureRegret(say: Say): Promise<Section> {
  const territory = readTerritory();
  const profiles = [...usageProfiles().values()];
  const rows: string[][] = [];
  const all: Regrets[] = [];
  const told = new Map<string, ToldBefore>();
  for (const file of filesOf()) {
    const name = decodeURIComponent(file.pathname.split('/').at(-1)!);
    const tdsps = draftsOf(file);
    if (typeof tdsps === 'string') {
      say(`${name}: ${tdsps}`);
      continue;
    }
    for (const { duns, short_name } of territory.tdsps) {
      const drafts = (tdsps.get(duns) ?? []).map((draft) => remembering(draft, told, file));
      const measured = profiles.map((profile) => (drafts.length === 0 ? null : regretsOf(drafts, profile)));
      if (measured.some((one) => one === null)) continue;
      const regrets = measured.map((one) => one!);
      all.push(...regrets);
      const [{ plans, read_plainly }] = regrets as [Regrets];
      const pairs = regrets.map(
        ({ by_year, by_rate_at_1000 }) => `${usd(by_year)} · ${usd(by_rate_at_1000)}`,
      );
      rows.push([name.replace(/\.csv$/, ''), short_name, `${plans} (${read_plainly})`, ...pairs]);
    }
    say(`${name}: ${rows.length} rows`);
  }
  const worst = Math.max(
    ...all.map(({ by_year }) => (Number.isNaN(by_year) ? Number.POSITIVE_INFINITY : by_year)),
  );
  const other = all.map(({ by_rate_at_1000 }) => by_rate_at_1000).filter((one) => !Number.isNaN(one));
  return {
    title: 'Regret',
    method:
      'What somebody pays more in a year, in dollars, than for the best known plan: with the plan that `sort=year` shows first, and, ' +
      'behind the dot, with the one that is cheapest at 1,000 kWh (fixed, a year or longer). The bills come from a second ' +
      'arithmetic that shares no code with the first, for as many of the plans as stand in parentheses, and from the first for ' +
      'the others; a dash: nobody knows. Plans and files are real, and what an earlier file told of an offer is remembered.',
    tables: [
      {
        title: 'Dollars a year: the yearly order · cheapest at 1,000 kWh',
        head: ['file', 'TDSP', 'plans', ...profiles.map(({ name }) => name)],
        rows,
      },
    ],
    findings: [
      `The yearly order costs nobody more than the best plan, in ${all.length} questions (at most $${digits(worst)}): ${verdict(worst < 0.005)}`,
      `Cheapest at 1,000 kWh costs up to $${digits(Math.max(...other))} a year more, in the mean $${digits(other.reduce((sum, one) => sum + one, 0) / other.length)}.`,
    ],
  };
}

const usd = (amount: number): string => (Number.isNaN(amount) ? '–' : `$${Math.round(amount)}`);

function filesOf(): URL[] {
  const folders = ['plans/', 'raw/']
    .map((name) => new URL(name, DATA))
    .filter((folder) => existsSync(folder));
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.csv'))
      .map((name) => new URL(name, folder)),
  );
  const day = ({ pathname }: URL) => /\d{4}-\d\d(?:-\d\d)?/.exec(pathname)![0];
  return files.length > 0 ? files.toSorted((a, b) => (day(a) < day(b) ? -1 : 1)) : [OWN];
}

type ToldBefore = Parameters<typeof rememberedText>[1];

/** The plan as it is stored after the files before it: with what its offer's text said last, where there is none now. */
function remembering(draft: PlanDraft, told: Map<string, ToldBefore>, file: URL): RememberingDraft {
  const key = `${draft.tdsp_duns} ${offerKey(draft)}`;
  const before = told.get(key);
  const remembered_text = before ? rememberedText(draft, before) : null;
  const last_told_at = new Date(/\d{4}-\d\d(?:-\d\d)?/.exec(file.pathname)![0]);
  told.set(key, { ...draft, remembered_text, last_told_at });
  return { ...draft, remembered_text };
}

/** The plans by TDSP, or why the file has none. */
function draftsOf(file: URL): Map<string, PlanDraft[]> | string {
  const territory = readTerritory();
  const duns = territory.tdsps.map((tdsp) => tdsp.duns);
  try {
    const { tdsps } = parsePowerToChoose(readFileSync(file), {
      duns,
      tdspByName: (name, year) => territory.tdspByFeedName(name, year)?.duns,
    });
    return new Map(tdsps.map(({ tdsp_duns, plans }) => [tdsp_duns, plans]));
  } catch (error) {
    return (error as Error).message;
  }
}
