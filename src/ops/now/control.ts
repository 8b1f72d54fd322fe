import { type Html, html } from '../../html/html.ts';
import { ACTIONS, type ActionName } from '../actions.ts';
import { act, section } from '../look/parts.ts';
import type { Drawn } from './sections.ts';

export function controlSection({ fast }: Drawn): Html {
  const { state } = fast.view.control;
  const shown: ActionName[] = ['sync', state === 'running' ? 'stop' : 'resume', 'emergency', 'clear'];
  const words = html`<p>Syncing is ${state === 'running' ? html`<b>on</b>` : html`<b class="${state === 'emergency' ? 'bad' : 'watch'}">${state === 'emergency' ? 'halted' : 'stopped'}</b>`}.</p><p>Each button asks once more, and what was done stands in the <a href="/ops/log?only=orders">audit log</a>.</p>`;
  const rows = shown.map((name) => {
    const { button, effect, undo } = ACTIONS[name];
    return html`<tr><th scope="row">${act(`/ops/do/${name}`, `${button}…`)}</th><td class="l x">${effect}</td><td class="l w">${undo ? html`<code>${undo}</code>` : html`<span class="q">nothing to undo</span>`}</td></tr>`;
  });
  return section(
    'control',
    'Control',
    words,
    html`<table class="ctl"><caption class="sr">What can be done from here</caption><thead><tr><th scope="col">button</th><th scope="col" class="l">what it does</th><th scope="col" class="l w">undone with</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}
