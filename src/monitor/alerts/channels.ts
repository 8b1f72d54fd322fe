/** Where alerts are told, as the configuration names it. */

import type { Config } from '../../config.ts';
import { sendMail } from '../../delivery/email.ts';
import { post } from '../../delivery/post.ts';
import { sendSigned, webhookKey } from '../../delivery/signed-webhook.ts';
import { type AlertMessage, headline, itemText, plainText } from './messages.ts';
import { CHANNELS, type ChannelName } from './rules.ts';

export interface Channel {
  name: ChannelName;
  /** Where to, without a secret: for a person. */
  goesTo: string;
  /** @throws {DeliveryError} it was not taken */
  send(message: AlertMessage): Promise<void>;
}

/** Writes a line of the log. */
export type LogAlert = (message: AlertMessage, text: string) => void;

const escapeSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** An incoming webhook takes blocks, and shows `text` where it cannot. */
function slackBody(message: AlertMessage): string {
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
  const lines = message.items.map((item) => {
    const text = escapeSlack(itemText(item, message.at));
    return `${item.severity === 'page' && item.kind !== 'resolved' ? `*${text}*` : text}\n${escapeSlack(item.runbook)}`;
  });
  // A section holds 3,000 characters, a message 50 blocks.
  const blocks = lines.slice(0, 40).map((line) => section(line.slice(0, 2_900)));
  const rest = lines.length - blocks.length;
  return JSON.stringify({
    text: escapeSlack(headline(message)),
    blocks: rest > 0 ? [...blocks, section(`and ${rest} more`)] : blocks,
  });
}

/** As Standard Webhooks shapes a payload: type, time, data. */
const webhookBody = ({ at, ...message }: AlertMessage): string => {
  const isOver = message.items.every(({ kind }) => kind === 'resolved');
  const data = { ...message, text: headline({ at, ...message }) };
  return JSON.stringify({ type: isOver ? 'alert.resolved' : 'alert.firing', timestamp: at, data });
};

export function openChannels({ alerts }: Pick<Config, 'alerts'>, log: LogAlert): Channel[] {
  const { webhook, slackUrl, email } = alerts;
  const hostOf = (url: string) => new URL(url).host;
  const channels: Partial<Record<ChannelName, Omit<Channel, 'name'>>> = {
    log: {
      goesTo: 'standard error',
      send: async (message) => log(message, headline(message)),
    },
  };
  if (webhook) {
    const url = webhook.url.reveal();
    channels.webhook = {
      goesTo: hostOf(url),
      send: (message) =>
        sendSigned(url, [webhookKey(webhook.key.reveal())], { id: message.id, body: webhookBody(message) }),
    };
  }
  if (slackUrl) {
    const url = slackUrl.reveal();
    channels.slack = {
      goesTo: hostOf(url),
      send: (message) => post(url, slackBody(message), { 'content-type': 'application/json' }),
    };
  }
  if (email) {
    channels.email = {
      goesTo: email.to,
      send: (message) =>
        sendMail(email.smtpUrl.reveal(), {
          from: email.from,
          to: email.to,
          subject: headline(message).slice(0, 200),
          text: plainText(message),
          id: message.id,
        }),
    };
  }
  return CHANNELS.flatMap((name) => (channels[name] ? [{ name, ...channels[name] }] : []));
}
