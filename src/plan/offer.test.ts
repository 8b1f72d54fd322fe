import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameKey, offerKey, providerId } from './offer.ts';

const anyName = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(..."aÉß 12,.+&%™®-'’/()🎉ﬁ") }),
);

test('the key of a key is the key', () =>
  fc.assert(
    fc.property(anyName, (name) => assert.equal(nameKey(nameKey(name)), nameKey(name))),
    { numRuns: 2000 },
  ));

const words = fc.array(
  fc.constantFrom('Free', 'Nights', 'Económico', 'Señal', '12', '24', 'Saver', 'über', 'Crème'),
  {
    minLength: 1,
    maxLength: 5,
  },
);

test('case, accents, blanks and trade marks make no difference', () =>
  fc.assert(
    fc.property(words, fc.constantFrom(' ', '  ', ' - ', '\u00a0', '_', '\t'), (some, blank) => {
      const key = nameKey(some.join(' '));
      const bare = (word: string) => word.normalize('NFD').replace(/\p{Mark}/gu, '');
      assert.equal(nameKey(some.join(blank)), key);
      assert.equal(nameKey(` ${some.join(' ').toUpperCase()} `), key);
      assert.equal(nameKey(some.join(' ').normalize('NFD')), key);
      assert.equal(nameKey(some.map(bare).join(' ')), key);
      assert.equal(nameKey(some.map((word) => `${word}™`).join(' ')), key);
      assert.equal(nameKey(`${some.join(' ')}®`), key);
    }),
  ));

test('signs that tell products apart become words', () => {
  assert.equal(nameKey('Free Nights™ 12+'), 'free-nights-12-plus');
  assert.equal(nameKey('Free Nights™ 12'), 'free-nights-12');
  assert.equal(nameKey('Heat & Cool'), nameKey('Heat and Cool'));
  assert.equal(nameKey('100% Green'), nameKey('100 Percent Green'));
});

test('possessives and thousands are one name with and without the sign', () => {
  assert.equal(nameKey("Texan's Choice 1,000"), nameKey('Texans Choice 1000'));
  assert.equal(nameKey('Texan’s Choice'), nameKey("Texan's Choice"));
});

test('a name without any letter or digit keeps to itself', () => {
  assert.equal(nameKey(' 🎉🌞 '), '🎉🌞');
  assert.notEqual(nameKey('🎉'), nameKey('🌞'));
  assert.notEqual(nameKey('™'), '');
});

const draft = (provider: string, name: string, term_months: number | null) => ({
  provider: { name: provider, legal_name: null, puct_number: null, phone: null },
  name,
  term_months,
});

test('spellings of provider and name share one offer key', () =>
  assert.equal(
    offerKey(draft('TXU Energy', 'Free Nights™ 12', 12)),
    offerKey(draft('TXU ENERGY ', 'free  nights 12', 12)),
  ));

test('another term, provider or name is another offer', () => {
  const keys = [
    draft('TXU Energy', 'Saver', 12),
    draft('TXU Energy', 'Saver', 24),
    draft('TXU Energy', 'Saver', 1),
    draft('TXU Energy', 'Saver', null),
    draft('Reliant', 'Saver', 12),
    draft('TXU Energy', 'Saver+', 12),
  ].map(offerKey);
  assert.equal(new Set(keys).size, keys.length);
});

test('the id of a provider comes from its name', () => assert.equal(providerId('TXU Energy'), 'txu-energy'));
