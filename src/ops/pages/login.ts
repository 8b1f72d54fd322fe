import { html } from '../../html/html.ts';
import type { Frame } from '../look/document.ts';

export interface LoginForm {
  next: string;
  /** There is no token, so nobody can come in. */
  isOff: boolean;
  who?: string;
  error?: string;
}

export function loginPage({ next, isOff, who = '', error }: LoginForm): Omit<Frame, 'page'> {
  if (isOff) {
    return {
      title: 'off',
      mark: 'watch',
      headline: 'The pages of operations are off.',
      lead: html`<p>Set <code>ADMIN_TOKEN</code> to a long random text and start again. Only on a loopback address a token is made without it.</p>`,
      body: '',
    };
  }
  return {
    title: 'log in',
    headline: 'Log in to operations',
    lead: html`<p>With the token of <code>ADMIN_TOKEN</code>; without one, the token that <code>npm start</code> printed.</p>`,
    body: html`<form class="sure" method="post" action="/ops/login">${error && html`<p class="bad" role="alert">${error}</p>`}<input type="hidden" name="next" value="${next}"><div class="field"><label for="who">Your name, for the audit log</label><input id="who" name="who" value="${who}" required maxlength="40" autocomplete="username"></div><div class="field"><label for="token">Admin token</label><input id="token" name="token" type="password" required autocomplete="current-password"></div><button class="b go">Log in</button><p>The session lasts twelve hours.</p></form>`,
  };
}

export const logoutPage = (formToken: string): Omit<Frame, 'page'> => ({
  title: 'log out',
  headline: 'Log out?',
  lead: html`<p>This browser forgets the session. All sessions everywhere end with another <code>ADMIN_TOKEN</code>.</p>`,
  body: html`<form class="sure" method="post" action="/ops/logout"><input type="hidden" name="form_token" value="${formToken}"><span class="bs"><button class="b go">Log out</button><a class="b" href="/ops">Stay</a></span></form>`,
});
