/** A report as text and as a page to print. Pure. */

import { type Html, html, trusted } from '../../html/html.ts';
import type { Report } from '../../monitor/report/report.ts';
import { reportHeadline, reportReckoned, reportTables } from '../../monitor/report/report-tables.ts';

export function reportText(report: Report): string {
  const blocks = reportTables(report).flatMap(({ title, says, columns, rows }) => {
    const lines = [columns, ...rows.map((row) => row.map((cell) => String(cell ?? '–')))];
    const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]!.length)));
    const shown = lines.map((cells) =>
      `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ')}`.trimEnd(),
    );
    return ['', title, `  ${says}`, ...(rows.length === 0 ? [] : shown)];
  });
  return [reportHeadline(report), ...blocks, '', reportReckoned(report)].join('\n');
}

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;color:#17191c;max-width:1000px;margin:24px auto;padding:0 16px;font-variant-numeric:tabular-nums}
h1{font-size:28px;line-height:1.2}h2{font-size:17px;margin:24px 0 2px}p{margin:2px 0 8px;color:#50555b;max-width:68ch}
table{border-collapse:collapse;width:100%}th,td{padding:3px 0 3px 16px;text-align:right;border-top:1px solid #e8e5de}
th{font-size:13px;font-weight:400;color:#50555b}th:first-child,td:first-child{text-align:left;padding-left:0}
@media print{body{font-size:10.5px;margin:0}section{break-inside:avoid}@page{margin:14mm}}`;

export const reportHtml = (report: Report): Html => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${reportHeadline(report)}</title>
<meta name="viewport" content="width=device-width"><style>${trusted(STYLE)}</style></head><body>
<h1>${reportHeadline(report)}</h1>
${reportTables(report).map(
  ({ title, says, columns, rows }) => html`<section><h2>${title}</h2><p>${says}</p>
${
  rows.length > 0 &&
  html`<table><thead><tr>${columns.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell ?? '–'}</td>`)}</tr>`)}</tbody></table>`
}</section>`,
)}
<p>${reportReckoned(report)}</p></body></html>
`;
