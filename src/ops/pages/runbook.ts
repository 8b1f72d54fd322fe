/** docs/runbook.md as pages of operations show it: a section for each rule, with what it reads now. */

import { readFileSync } from 'node:fs';
import { type Html, html } from '../../html/html.ts';
import { firing } from '../../monitor/alerts/list-alerts.ts';
import type { Rules } from '../../monitor/alerts/rules.ts';
import type { Frame } from '../look/document.ts';
import { state } from '../look/marks.ts';
import { command, section } from '../look/parts.ts';
import { inCentralTime } from '../look/words.ts';
import { DISPLAYS } from '../now/alerts.ts';
import type { PageParts } from './run.ts';

const RUNBOOK = new URL('../../../docs/runbook.md', import.meta.url);

/** One section of the file: `##` has no rule, `###` is named as its rule. */
interface Part {
  level: 2 | 3;
  title: string;
  text: string;
}

function partsOf(page: string): Part[] {
  const found = page.matchAll(/^(###?) (.+)\n([\s\S]*?)(?=^###? |$(?![\s\S]))/gm);
  return [...found].map(([, signs, title, text]) => ({
    level: signs!.length as 2 | 3,
    title: title!,
    text: text!.trim(),
  }));
}

/** The little Markdown that the file is written in: paragraphs, fences, code, bold words, links within the page. */
function written(text: string): Html {
  const blocks = text.split(/(```\w*\n[\s\S]*?```)/).flatMap((block): Html[] => {
    const fence = /^```(\w*)\n([\s\S]*?)\n?```$/.exec(block);
    if (fence) {
      const [, language, code] = fence;
      return [
        language === 'sh' && !code!.includes('\n')
          ? html`<p>${command(code!)}</p>`
          : html`<pre tabindex="0" role="region" aria-label="As it is printed">${code}</pre>`,
      ];
    }
    return block
      .split(/\n{2,}/)
      .filter((one) => one.trim() !== '')
      .map((one) => html`<p>${inline(one.trim())}</p>`);
  });
  return html`<div class="prose">${blocks}</div>`;
}

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((#[\w-]+|[\w./-]+)\)/g;

function inline(text: string): Html {
  const parts: (Html | string)[] = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const [all, code, bold, words, to] = found;
    parts.push(text.slice(from, found.index));
    // A link to a file of the repository leads nowhere here.
    if (code !== undefined) parts.push(html`<code>${code.replace(/\s+/g, ' ')}</code>`);
    else if (bold !== undefined) parts.push(html`<b>${bold}</b>`);
    else parts.push(to!.startsWith('#') ? html`<a href="${to}">${words}</a>` : html`<code>${words}</code>`);
    from = found.index + all.length;
  }
  return html`${[...parts, text.slice(from)]}`;
}

export async function runbookPage({ board, rules }: PageParts & { rules: Rules }): Promise<Frame> {
  const { fast } = await board.look('24h');
  const alerts = fast?.alerts.alerts ?? [];
  const open = firing(alerts);
  const body = partsOf(readFileSync(RUNBOOK, 'utf8')).map(({ level, title, text }) => {
    const rule = rules.rules.find(({ id }) => id === title);
    if (level === 2 || !rule) return text === '' ? '' : section(anchorOf(title), title, '', written(text));
    const now = alerts.filter((one) => one.rule === rule.id && one.display !== 'resolved');
    const words = html`<p><code>${rule.id}</code></p>${now.map(({ display, subject, reading }) => html`<p>${state(DISPLAYS[display].mark, DISPLAYS[display].word)}${subject && ` ${subject}`}: ${inCentralTime(reading, fast!.alerts.at)}</p>`)}`;
    // It begins with its title, which stands in the margin here.
    return section(rule.id, rule.title, words, written(text.replace(/^\*\*[^*]+\*\* /, '')));
  });
  const titles = [...new Set(open.map(({ rule }) => rule))].map(
    (id, n) =>
      html`${n > 0 && ', '}<a href="#${id}">${rules.rules.find((rule) => rule.id === id)?.title ?? id}</a>`,
  );
  return {
    page: 'Alerts',
    title: 'runbook',
    headline: 'What to do, rule by rule.',
    lead: html`<p>${open.length === 0 ? 'No alert fires. ' : html`Now: ${titles}. `}The first step is a command that helps; what it cannot cure follows. The same as <code>docs/runbook.md</code>.</p>`,
    ...(fast && { at: fast.view.at }),
    body: html`${body}`,
  };
}

const anchorOf = (title: string): string => title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
