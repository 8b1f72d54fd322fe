/** Mail over SMTP. Loading the sender takes a third of a second, so it is loaded with the first message. */

import { describeError } from '../errors.ts';
import { DeliveryError } from './delivery-error.ts';

interface Mail {
  from: string;
  to: string;
  subject: string;
  text: string;
  /** The same on every try. */
  id: string;
  headers?: Readonly<Record<string, string>>;
}

const DEADLINE_MS = 15_000;

/** @param url `smtp://user:password@host:587` or `smtps://…` @throws {DeliveryError} the server did not take it */
export async function sendMail(url: string, { id, headers, ...mail }: Mail): Promise<void> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(url, {});
  Object.assign(transport.options, {
    connectionTimeout: DEADLINE_MS,
    greetingTimeout: DEADLINE_MS,
    socketTimeout: DEADLINE_MS,
  });
  try {
    await transport.sendMail({
      ...mail,
      messageId: `<${id}@wattsync>`,
      headers: { 'Auto-Submitted': 'auto-generated', ...headers },
    });
  } catch (cause) {
    const { host } = new URL(url);
    throw new DeliveryError(`${host} did not take the mail: ${describeError(cause)}`, { cause });
  } finally {
    transport.close();
  }
}
