import { html } from '../../html/html.ts';
import { ACTIONS, type ActionName, type ActionParts, type Fields } from '../actions.ts';
import type { Frame } from '../look/document.ts';
import { command } from '../look/parts.ts';

/** Asks once more: what it does, what undoes it, and why it is done. @param fields as the link or the form before said */
export function confirmPage(
  name: ActionName,
  fields: Fields,
  formToken: string,
  parts: ActionParts,
  error: string | null = null,
): Frame {
  const { button, question, effect, undo, command: typed, needsReason } = ACTIONS[name];
  const back = name.endsWith('ack') || name.endsWith('silence') ? '/ops/alerts' : '/ops';
  return {
    page: back === '/ops' ? 'Now' : 'Alerts',
    title: button,
    headline: question,
    lead: html`<p>${effect}</p>`,
    body: html`<form class="sure" method="post" action="/ops/do/${name}">${error && html`<p class="bad" role="alert">${error}</p>`}<input type="hidden" name="form_token" value="${formToken}">${ACTIONS[name].fields?.(fields, parts)}<div class="field"><label for="reason">Why${needsReason ? '' : ', if you like'}: it stands in the audit log</label><input id="reason" name="reason" value="${fields.reason ?? ''}" maxlength="500"${needsReason && html` required=""`}></div><span class="bs"><button class="b go">${button}</button><a class="b" href="${back}">Leave it</a></span><p>The same as ${command(typed)}${undo && html` Undone with ${command(undo)}`}</p></form>`,
  };
}
