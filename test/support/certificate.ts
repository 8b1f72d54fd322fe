/** Certificates by openssl, in a folder of the test. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface MadeCertificate {
  key: Buffer;
  cert: Buffer;
  file: string;
}

/**
 * For `localhost`.
 * @param authority name of one made before that vouches for it; `null`: nobody but itself
 * @param days how long it holds; 0: over in a second
 */
export function makeCertificate(
  folder: string,
  name: string,
  { authority, days }: { authority: string | null; days: number },
): MadeCertificate {
  const at = (end: string) => join(folder, `${name}.${end}`);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe', cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', at('key')];
  const subject = ['-subj', `/CN=${name}`];
  const validity = ['-days', String(days)];
  if (authority === null) {
    const names = ['-addext', 'subjectAltName=DNS:localhost'];
    openssl('req', '-x509', ...key, ...subject, ...validity, ...names, '-out', at('crt'));
  } else {
    openssl('req', '-new', ...key, ...subject, '-out', at('csr'));
    writeFileSync(at('ext'), 'subjectAltName=DNS:localhost\n');
    const by = [
      '-CA',
      `${authority}.crt`,
      '-CAkey',
      `${authority}.key`,
      '-CAcreateserial',
      '-extfile',
      at('ext'),
    ];
    openssl('x509', '-req', '-in', at('csr'), ...by, ...validity, '-out', at('crt'));
  }
  return { key: readFileSync(at('key')), cert: readFileSync(at('crt')), file: at('crt') };
}
