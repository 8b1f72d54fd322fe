/** The rows of the Power to Choose export as drafts of plans, TDSP by TDSP. */

import { hash } from 'node:crypto';
import { nameKey, providerId } from '../../plan/offer.ts';
import type { PlanDraft } from '../../plan/plan.ts';
import { toRejection } from '../record.ts';
import type { Fetched, FetchedTdsp, Rejection } from '../source.ts';
import { SourceError } from '../source-error.ts';
import { readText } from '../text.ts';
import { type PowerToChooseLanguage, readId, readLanguage, wrongCell } from './cells.ts';
import { type MisshapenRow, type PowerToChooseRow, readCsvRows } from './csv.ts';
import { readDraft } from './draft.ts';
import { haveSamePrices, pairLanguages, withTranslation } from './languages.ts';

/**
 * The DUNS of a TDSP as the export names it, `undefined` where it is none of ours.
 * @param year of an older export, whose names may be other ones; `null` for one of today
 */
type TdspByName = (name: string, year: number | null) => string | undefined;
/** Names in exports from 2017 to 2026 of companies whose customers have no choice, or not here. */
const OTHER_NAMES: ReadonlySet<string> = new Set([
  'NUECES ELECTRIC COOPERATIVE',
  'ONCOR NTU LLC',
  'ONCOR NTU',
  'SHARYLAND UTILITIES LP',
  'SHARYLAND UTILITIES LP - MCALLEN',
]);

/** Counts what is left out on purpose. */
type Skip = (reason: string) => void;

/** The rows of one TDSP while they are read. */
interface TdspRows {
  read: Record<PowerToChooseLanguage, { draft: PlanDraft; row: PowerToChooseRow }[]>;
  /** By language and id: what already came, to tell a repetition from a contradiction. */
  seen: Map<string, PowerToChooseRow>;
  rejections: Rejection[];
}

/**
 * Reads the whole export. A row that makes no sense is a rejection; a file that may lack rows is an error.
 * @param duns the TDSPs asked for
 * @throws {SourceError} `upstream_unreadable`
 */
export function parsePowerToChoose(
  bytes: Uint8Array,
  { duns, tdspByName }: { duns: readonly string[]; tdspByName: TdspByName },
): Fetched {
  const { header, rows, misshapen, schema_drift, layout_year, is_zip_export, complete } = readCsvRows(bytes);
  const dunsByName = (name: string) => tdspByName(name, layout_year);
  if (!complete) {
    throw new SourceError(
      'upstream_unreadable',
      `the Power to Choose export was cut off after ${rows.length} rows: its last line is not END OF FILE`,
    );
  }
  const skipped = new Map<string, number>();
  const skip: Skip = (reason) => skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  const tdsps = new Map<string, TdspRows>(
    duns.map((one) => [one, { read: { en: [], es: [] }, seen: new Map(), rejections: [] }]),
  );
  const strays: Rejection[] = [];
  for (const row of rows) {
    const name = readText(row.TduCompanyName) ?? '';
    const tdsp_duns = dunsByName(name);
    const tdsp = tdsp_duns === undefined ? undefined : tdsps.get(tdsp_duns);
    if (tdsp_duns === undefined) {
      skip(`TDSP "${name}" is none of the six`);
      if (!OTHER_NAMES.has(name.toUpperCase())) strays.push(toStray(row));
    } else if (!tdsp) skip(`TDSP "${name}" was not asked for`);
    else takeRow(tdsp, row, tdsp_duns, skip);
  }
  for (const row of misshapen) {
    const tdsp = tdspOf(row, dunsByName, tdsps);
    if (tdsp) tdsp.rejections.push(rejectMisshapen(row, header));
    else skip(`a row with ${row.cells.length} instead of ${header.length} cells, of no TDSP asked for`);
  }
  const isCovered = ({ read, rejections }: TdspRows) =>
    !is_zip_export || read.en.length + read.es.length + rejections.length > 0;
  const names = [...new Set(rows.map((row) => readText(row.TduCompanyName)))].join(', ');
  const fetched = [...tdsps].map(([tdsp_duns, tdsp]): FetchedTdsp => {
    if (!isCovered(tdsp)) {
      return { tdsp_duns, plans: [], rejections: [], not_covered: whyNotCovered(names, rows) };
    }
    const finished = finishTdsp(tdsp_duns, tdsp, skip);
    return strays.length === 0 ? finished : { ...finished, strays };
  });
  return { source: 'powertochoose', tdsps: fetched, schema_drift, skipped: Object.fromEntries(skipped) };
}

/** Of a TDSP that does not serve the ZIP code of the export nothing is known: its plans are not gone. */
function whyNotCovered(names: string, rows: readonly PowerToChooseRow[]): string {
  const zip = readText(rows[0]?.ZipCode) ?? '';
  return `the file is the export for ZIP code ${zip}, which has plans of ${names || 'nobody'} only: for the others use the export of all plans`;
}

function toStray(row: PowerToChooseRow): Rejection {
  const error = wrongCell(row, 'TduCompanyName', 'is not the name of a TDSP');
  return toRejection(error, row, readId(row));
}

function takeRow(tdsp: TdspRows, row: PowerToChooseRow, tdsp_duns: string, skip: Skip): void {
  try {
    const language = readLanguage(row);
    const draft = readDraft(row, tdsp_duns);
    // Without an id only a row that is the same in every cell is a repetition.
    const key = `${language} ${draft.external_id || JSON.stringify(row)}`;
    const earlier = tdsp.seen.get(key);
    if (!earlier) {
      tdsp.seen.set(key, row);
      tdsp.read[language].push({ draft, row });
    } else if (JSON.stringify(earlier) === JSON.stringify(row)) skip('the same row a second time');
    else throw wrongCell(row, 'idKey', `is also the id of "${readText(earlier.Product)}", an earlier row`);
  } catch (error) {
    tdsp.rejections.push(toRejection(error, row, readId(row)));
  }
}

function finishTdsp(tdsp_duns: string, { read, rejections }: TdspRows, skip: Skip): FetchedTdsp {
  const { en, es } = read;
  const { pairs, spanishOnly } = pairLanguages(
    en.map(({ draft }) => draft),
    es.map(({ draft }) => draft),
  );
  const plans = new Map<string, PlanDraft>();
  for (const { draft, row } of [...en, ...es.filter(({ draft }) => spanishOnly.includes(draft))]) {
    const spanish = pairs.get(draft);
    if (spanish && !haveSamePrices(draft, spanish)) {
      skip('prices of a Spanish row, which differ from those of its English row');
    }
    const external_id = draft.external_id || deriveId(draft, plans);
    if (plans.has(external_id)) {
      const error = wrongCell(row, 'idKey', 'is also the id of an English row');
      rejections.push(toRejection(error, row, readId(row)));
    } else {
      plans.set(external_id, { ...(spanish ? withTranslation(draft, spanish) : draft), external_id });
    }
  }
  return { tdsp_duns, plans: [...plans.values()], rejections };
}

/**
 * An id for a row that came without, from what stays when the price changes: the same tomorrow as today. Namesakes
 * are counted in the order of the file.
 */
function deriveId(plan: PlanDraft, taken: ReadonlyMap<string, PlanDraft>): string {
  const parts = [plan.tdsp_duns, providerId(plan.provider.name), nameKey(plan.name), plan.term_months ?? ''];
  const id = `derived-${hash('sha256', parts.join('|'), 'hex').slice(0, 16)}`;
  let candidate = id;
  for (let ordinal = 2; taken.has(candidate); ordinal++) candidate = `${id}-${ordinal}`;
  return candidate;
}

function rejectMisshapen({ line, cells }: MisshapenRow, header: string[]): Rejection {
  return {
    // Cells before the extra or missing one are in place, but which one that is cannot be known.
    external_id: null,
    field: '(row)',
    value: cells.length,
    reason:
      cells.length === header.length
        ? `line ${line} has quotes that no reading explains`
        : `line ${line} has ${cells.length} cells where the header has ${header.length}`,
    record: cells,
  };
}

/** The TDSP a misshapen row names in any of its cells. */
function tdspOf(
  { cells }: MisshapenRow,
  dunsByName: (name: string) => string | undefined,
  tdsps: ReadonlyMap<string, TdspRows>,
): TdspRows | undefined {
  for (const cell of cells) {
    const tdsp_duns = dunsByName(readText(cell) ?? '');
    if (tdsp_duns !== undefined) return tdsps.get(tdsp_duns);
  }
  return undefined;
}
