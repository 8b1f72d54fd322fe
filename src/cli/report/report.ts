/** `report week|month`: service, market and demand, as text, JSON, CSV or a page to print. */

import { writeFile } from 'node:fs/promises';
import { type Report, readReport } from '../../monitor/report/report.ts';
import { type ReportKind, reportTime } from '../../monitor/report/report-days.ts';
import { reportCsv } from '../../monitor/report/report-tables.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { readTerritory } from '../../store/territory.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { UsageError } from '../usage-error.ts';
import { reportHtml, reportText } from './report-forms.ts';

interface ReportOptions {
  csv?: boolean;
  html?: string;
}

export const report =
  (kind: ReportKind) =>
  (context: CommandContext, asked: string | undefined, { csv, html }: ReportOptions): Promise<number> => {
    if ([csv, html, context.isJson].filter(Boolean).length > 1) {
      throw new UsageError('--csv, --html and --json are three forms of one report: choose one');
    }
    return withStore(context, 1, async ({ pool }) => {
      const time = reportTime(kind, asked ?? null, await readDatabaseTime(pool));
      const found: Report = await readReport(pool, readTerritory(), time);
      if (html !== undefined) {
        await writeFile(html, String(reportHtml(found)));
        return answer(context, { file: html }, () => `Written to ${html}: print it, or save it as PDF.`);
      }
      return answer(context, found, () => (csv ? reportCsv(found) : reportText(found)));
    });
  };
