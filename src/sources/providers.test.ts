import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { providerId } from '../plan/offer.ts';
import { underOwnName } from './providers.ts';

const told = (name: string) => ({ name, legal_name: null, puct_number: null, phone: null });

test('every spelling of a provider leads to one name and one id', () => {
  for (const name of ['RHYTHM', 'Rhythm Energy', 'rhythm energy LLC']) {
    assert.equal(underOwnName(told(name)).name, 'Rhythm Energy', name);
  }
  for (const name of ['Octopus Energy LLC', 'OCTOPUS ENERGY', 'Octopus Energy, L.L.C.']) {
    assert.equal(providerId(underOwnName(told(name)).name), 'octopus-energy', name);
  }
  assert.deepEqual(underOwnName({ ...told('AP GAS & ELECTRIC (TX) LLC'), phone: '1' }), {
    name: 'APG&E',
    legal_name: 'AP Gas & Electric (TX) LLC',
    puct_number: '10105',
    phone: '1',
  });
});

test('what the upstream tells of a provider goes before the list, and an unlisted one stays as told', () => {
  assert.equal(underOwnName({ ...told('RELIANT'), puct_number: '1' }).puct_number, '1');
  assert.deepEqual(underOwnName(told('PECAN CREEK LLC')), told('PECAN CREEK LLC'));
});

test('the list says the id of each name, and no spelling twice', () => {
  const rows = readFileSync(new URL('../../data/providers.csv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const cells = rows.slice(1).map((row) => row.split(','));
  assert.ok(cells.every((row) => row.length === 5 && providerId(row[1]!) === row[0]));
  const companies = cells.map(
    ([, name, spellings]) =>
      new Set([name!, ...spellings!.split('|')].filter((one) => one !== '').map(providerId)),
  );
  const ids = companies.flatMap((some) => [...some]);
  assert.equal(new Set(ids).size, ids.length);
});
