import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOpen } from '../open-address.ts';
import { expectWebhookUrl, openAddress } from './guarded-address.ts';

/** As they were found to pass guards of other programs. */
const HOSTILE = [
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '2130706433',
  '017700000001',
  '①②⑦.⓪.⓪.①',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.0.8',
  '198.18.0.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::a00:1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[5f00::1]',
  '[fc00::1]',
  '[fe80::1]',
  'localhost',
  'localhost.',
  'metadata',
];

test('an address that leads inside is refused in every spelling', () => {
  for (const host of HOSTILE)
    assert.throws(() => expectWebhookUrl(`https://${host}/`), { code: 'delivery_failed' }, host);
  for (const wrong of [
    'http://example.com',
    'ftp://example.com',
    'https://a:b@example.com',
    'https://example.com:8443',
    'x',
  ])
    assert.throws(() => expectWebhookUrl(wrong), { code: 'delivery_failed' }, wrong);
  for (const right of ['https://example.com/hook', 'https://93.184.216.34/', 'https://[2606:2800:220:1::1]/'])
    assert.doesNotThrow(() => expectWebhookUrl(right));
});

test('a name is refused as soon as one of its addresses leads inside, and a second look changes nothing', async () => {
  const at =
    (...addresses: string[]) =>
    async () =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const url = new URL('https://hooks.example.com/');
  assert.equal((await openAddress(url, at('93.184.216.34'))).address, '93.184.216.34');
  for (const inside of ['10.0.0.1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '127.0.0.1'])
    await assert.rejects(openAddress(url, at('93.184.216.34', inside)), /internal address/);
  await assert.rejects(openAddress(url, at()), /no address/);
  assert.ok(!isOpen('nonsense'));
});
