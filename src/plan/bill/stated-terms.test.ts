import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type StatedStep, statedTerms } from './stated-terms.ts';

const step = (
  usd: number,
  from_kwh: number,
  to_kwh: number | null = null,
  some: Partial<StatedStep> = {},
) => ({
  usd,
  from_kwh,
  to_kwh,
  months: null,
  careless_kwh: null,
  ...some,
});
const states = (text: string, ...steps: StatedStep[]) => {
  const found = statedTerms([text]);
  assert.deepEqual(found.steps, steps, text);
  assert.deepEqual(found.doubts, [], text);
};
const saysNothing = (text: string) => {
  const { steps, knots, doubts, flat_below_kwh } = statedTerms([text]);
  assert.deepEqual(
    { steps, knots, doubts, flat_below_kwh },
    { steps: [], knots: [], doubts: [], flat_below_kwh: null },
    text,
  );
};
const leavesOpen = (text: string, ...knots: number[]) => {
  const found = statedTerms([text]);
  assert.ok(found.doubts.length > 0, text);
  assert.deepEqual(found.knots, knots, text);
};

test('a credit and the usage it begins at are read together, in whatever order and words', () => {
  for (const text of [
    '$125 bill credit when monthly usage is >= 1000 kWh',
    '$125 bill credit when usage is at least 1,000 kWh for the next 12 months.',
    'A credit of $125 dollars will be applied when your consumption is equal to or greater than 1,000 kWh.',
    'Use 1,000 kWh or more in a billing cycle and you’ll automatically get a $125 usage credit toward your bill',
    'Un crédito de $125 en su factura al consumir al menos 1000 kWh durante los próximos 12 meses.',
    'Por cada ciclo de facturación con un consumo de 1000 kWh o más, se aplicará a tu factura un créditode $125.',
    'Se aplicará un crédito de $125 dólares cuando tu consumo sea igual o superior a 1,000 kWh.',
    'Get one hundred twenty-five dollars of bill credit when you use one thousand kWh or more',
    'You will not receive the $125 credit if usage is below 1000 kWh',
    'Receive a credit of $-125.00 if your usage is greater than 999 kWh',
  ]) {
    states(text, step(-125, 1000));
  }
});

test('a fee below a limit is a fee, waived or charged, named or not', () => {
  for (const text of [
    'Minimum usage fee of $9.95 in any month usage is less than 500 kWh',
    '$9.95 for usage less than 500 kWh',
    '$9.95<500kWh',
    'Usage charge: $0 if monthly usage is 500 kWh or more; for usage under 500 kWh, a $9.95 charge is applied',
    'A base charge of $9.95 is waived for any invoice in which you use 500 or more kWh',
    'Cargo de uso mínimo de $9.95 cuando el consumo sea de 499 kWh o menos',
    'A fee of nine dollars and ninety-five cents ($9.95) applies when usage is below five hundred kWh',
    'Base charge of $9.95 unless usage is at least 500 kWh',
  ]) {
    states(text, step(9.95, 1, 499));
  }
});

test('windows, two steps and months', () => {
  states(
    '$55 bill credit per cycle if usage is greater than 999 and less than 1,501 kWh',
    step(-55, 1000, 1500),
  );
  states('$50 credit if you use between 1000 kWh and 1500 kWh', step(-50, 1000, 1500));
  states(
    'A $35 bill credit applies where usage is at least 1000 kWh. An additional $15 bill credit will be applied when usage reaches 2000 kWh',
    step(-35, 1000),
    step(-15, 2000),
  );
  states('$9.95 fee under 500 kWh and $100 credit at 2000 kWh or more', step(9.95, 1, 499), step(-100, 2000));
  states(
    'A $25.00 summer bill credit will be applied for each billing cycle ending in July, August, and September in which usage is 1000 kWh or more.',
    step(-25, 1000, null, { months: [7, 8, 9] }),
  );
  states('A $20 credit from June through September when usage exceeds 1500 kWh', {
    ...step(-20, 1501, null, { months: [6, 7, 8, 9] }),
    careless_kwh: 1500,
  });
});

test('phone numbers, percentages, years, addresses, months and codes are not usages', () => {
  for (const text of [
    'Call us at 1-877-649-0441 and save! 100% renewable usage, $150 early termination fee',
    'Call (866) 327-0854 for low usage; $0 deposit',
    'Best Provider in 2026! $750 to fund an emergency vet bill, no minimum usage fees',
    'Visit 1000 Main Street, Houston TX 77002 for a $50 gift card',
    'Simple fixed price for 12 months. PROMO CODE: WQ4131. No minimum usage, no base charges',
    'The average price per kWh is based on usage of 1,000 kWh',
    'A contribution of $3 is made for every 1000 kilowatt hours you consume',
    'Pollution Free Electricity, toll free 1-844-621-2852, hassle-free energy, no gimmicks',
    'Monthly autopay credit of $5',
  ]) {
    saysNothing(text);
  }
});

test('what is not told in full leaves the bill open, with its usages as knots', () => {
  leavesOpen('Receive a bill credit for each billing cycle with usage of 1,000 kWh or more', 1000);
  leavesOpen('FREE electricity from 9:00 AM to 4:00 PM daily');
  leavesOpen('Enjoy a fixed rate PLUS a $0 Energy Charge from 12PM to 2PM every day');
  leavesOpen('Noches gratis');
  leavesOpen('Weekends free from Friday 6 PM');
  leavesOpen('The first 500 kWh are free');
  leavesOpen('Flat $60 bill for usage up to 500 kWh', 501);
  leavesOpen('$49.99 monthly for up to 500 kWh', 501);
  leavesOpen('Does not include the $9.95 fee for usage less than 1000 kWh', 1000);
  leavesOpen('4.9¢ per kWh for the first 1,000 kWh, 9.1¢ above', 1001);
  leavesOpen('A $30 winter credit when usage is 800 kWh or more', 800);
  leavesOpen('20% off your energy charge when usage exceeds 1200 kWh', 1201);
  leavesOpen('Tiered rate plan');
});

test('a usage without an amount is explained by the same usage with one', () => {
  const { doubts, steps } = statedTerms([
    'A Usage Credit of $125 applies for each billing cycle in which usage is 1,000 kWh or more',
    'Receive a bill credit automatically for each billing cycle with electricity usage of 1,000 kWh or more.',
  ]);
  assert.deepEqual([doubts, steps], [[], [step(-125, 1000)]]);
});

test('what is paid once is not a monthly charge', () => {
  const text = 'A one-month GoodBundle setup and carbon offset purchase of $49.99 is required.';
  const { once_usd, steps, doubts } = statedTerms([text]);
  assert.deepEqual([once_usd, steps, doubts], [49.99, [], []]);
  saysNothing('get $25 credit on your first bill! $100 bill credit after your first month');
});

test('one amount below a limit', () => {
  assert.equal(
    statedTerms(['Pay the same amount every month whenever your usage is below 1,000 kWh.']).flat_below_kwh,
    1000,
  );
  assert.equal(
    statedTerms(['Pague la misma cantidad cada mes cuando su uso de electricidad es menos de 1,000 kWh.'])
      .flat_below_kwh,
    1000,
  );
});

test('any amount at any usage is read as it stands', () =>
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 99_999 }), fc.integer({ min: 100, max: 5000 }), (cents, kwh) => {
      states(
        `A credit of $${(cents / 100).toFixed(2)} for usage of at least ${kwh.toLocaleString('en-US')} kWh`,
        step(-cents / 100, kwh),
      );
    }),
  ));

test('whatever a text says, it is read to the end, and a step has an amount and a usage', () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          '$50',
          '$ 125.50',
          '1,000',
          '500',
          'kWh',
          'usage',
          'per',
          '$0',
          'or more',
          'below',
          'credit',
          'fee',
          '.',
        ),
      ),
      (some) => {
        for (const { usd, from_kwh, to_kwh } of statedTerms([some.join(' ')]).steps) {
          assert.ok(usd !== 0 && from_kwh >= 1 && (to_kwh === null || to_kwh >= from_kwh - 1));
        }
      },
    ),
  ));
