import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellsAutoPayRequired, tellsMinimumUsageFee } from './remarks.ts';

test('automatic payment is required where a text says so plainly, in either language', () => {
  for (const text of [
    'New Customers Only. Autopay is Required.',
    '*Sign up today & get $25 on your first bill! * *Autopay & E-billing Required*',
    'Clean energy.• This product requires Autopay & E-bill set up.',
    'This plan requires you to enroll in Tree Free billing and Auto Pay at rep.example/myaccount within 30 days.',
    'Solo para nuevos clientes. Se requiere pago automático.',
    'Solo para nuevos clientes. Se requiere pagos automatizados',
    'Este producto requiere la configuración de Autopago y Facturación Electrónica.',
  ])
    assert.equal(tellsAutoPayRequired([null, text]), true, text);
});

test('an offer of automatic payment, a discount for it or a negation tells nothing', () => {
  for (const text of [
    null,
    'Autopay available.',
    'Auto payment via bank draft, credit card, or debit card available. Promo Code Required: WQ4131.',
    'No autopay required!',
    'Autopay is not required.',
    'No se requiere pago automático',
    'Requires autopay or a deposit.',
    'Autopay required to receive the $10 discount.',
    'If you stop Auto Pay you will be charged an AutoPay Breakage Fee of $5/month.',
    'Debe inscribirse en pago automático para recibir la tarifa con descuento.',
    'A credit check is required. You may set up autopay online.',
  ])
    assert.equal(tellsAutoPayRequired([text]), null, String(text));
});

test('a minimum usage fee is told, denied or left open', () => {
  const tells = (...texts: (string | null)[]) => tellsMinimumUsageFee(texts);
  assert.equal(tells('A $9.95 minimum usage fee applies below 1,000 kWh.'), true);
  assert.equal(tells('Cargo por consumo mínimo de $9.95 al mes.'), true);
  assert.equal(tells('No hidden fees or minimum usage penalties.'), false);
  assert.equal(tells('Sin tarifas ocultas, uso mínimo ni trucos.'), false);
  assert.equal(tells('No base charge, but a minimum usage fee applies.'), null);
  assert.equal(tells('$125 bill credit when monthly usage is at least 1000 kWh', null), null);
  assert.equal(tells('No minimum usage.', 'A low usage charge of $5 is added.'), true);
});
