/** A server that takes mail, keeps it, and may refuse. */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

export interface Taken {
  to: string;
  /** Headers and body, lines joined as a reader of mail joins them. */
  text: string;
}

/** @returns its address, what it took so far, and what ends it */
export async function startSmtpSink() {
  const taken: Taken[] = [];
  let isRefusing = false;
  const server = createServer((socket) => {
    let to = '';
    let data: string | null = null;
    socket.write('220 here\r\n');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const said = chunk.toString();
      if (data !== null) {
        data += said;
        if (!data.endsWith('\r\n.\r\n')) return;
        taken.push({ to, text: decoded(data.slice(0, -5)) });
        data = null;
        socket.write('250 taken\r\n');
        return;
      }
      to = /RCPT TO:<([^>]+)>/.exec(said)?.[1] ?? to;
      const word = said.split(/[\s:]/)[0];
      if (word === 'RCPT' && isRefusing) socket.write('451 later\r\n');
      else if (word === 'DATA') {
        data = '';
        socket.write('354 go on\r\n');
      } else socket.write(word === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    taken,
    refuse: (isSo: boolean) => {
      isRefusing = isSo;
    },
    stop: () => server.close(),
  };
}

/** Folded headers unfolded, and a body in quoted-printable or base64 read. */
function decoded(mail: string): string {
  const [head = '', ...parts] = mail.split('\r\n\r\n');
  const headers = head.replace(/\r\n[ \t]+/g, ' ');
  const body = parts.join('\r\n\r\n');
  if (/Content-Transfer-Encoding: base64/i.test(headers))
    return `${headers}\n\n${Buffer.from(body, 'base64').toString()}`;
  if (!/quoted-printable/i.test(headers)) return `${headers}\n\n${body}`;
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return `${headers}\n\n${Buffer.from(bytes, 'latin1').toString()}`;
}
