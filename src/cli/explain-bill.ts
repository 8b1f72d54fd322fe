/** `explain bill`: what a plan costs at a usage, line by line, and how that is known. */

import { expected } from '../errors.ts';
import { type Bill, billCurve } from '../plan/bill/bill.ts';
import { chargeText } from '../plan/bill/shape.ts';
import type { Plan } from '../plan/plan.ts';
import { wholeNumber } from '../readers.ts';
import { readPlan } from '../store/plans/plans.ts';
import { answer, type CommandContext, withStore } from './command.ts';
import { UsageError } from './usage-error.ts';

const PLAN_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const USAGE = wholeNumber(1, 100_000);

export async function explainBill(context: CommandContext, id: string, usage: string): Promise<number> {
  if (!PLAN_ID.test(id)) throw new UsageError(expected('the id of a plan or of its offer', id));
  const kwh = USAGE.read(usage);
  if (kwh === undefined) throw new UsageError(expected(`${USAGE.expected}, the usage in kWh`, usage));
  return withStore(context, 1, async ({ pool }) => {
    const plan = await readPlan(pool, id);
    if (!plan) {
      const explanation = `No plan or offer has the id ${id}.`;
      return answer(context, { plan: id, explanation }, () => explanation, false);
    }
    const curve = billCurve(plan);
    const { fees_text, special_terms, remembered_text, rates_cents_per_kwh, provider, name } = plan;
    const texts = { fees_text, special_terms, remembered_text };
    const bill = curve.at(kwh);
    const lines = curve
      .lines(kwh)
      .map(({ charge, usd }) => ({ what: chargeText(charge), usd: Math.round(usd * 100) / 100 }));
    const found = {
      plan: { id: plan.id, name, provider: provider.name, rates_cents_per_kwh, ...texts },
      bill,
      lines,
    };
    return answer(context, found, () => describe(`${provider.name}, ${name}`, bill, lines, plan));
  });
}

function describe(
  title: string,
  bill: Bill,
  lines: readonly { what: string; usd: number }[],
  { remembered_text, rates_cents_per_kwh: rates, ...told }: Plan,
): string {
  const { total_usd, low_usd, high_usd, exact, usage_kwh, rate_cents_per_kwh: cents } = bill;
  const published = ([500, 1000, 2000] as const).map(
    (usage) => `${rates[usage] ?? 'no'} cents at ${usage} kWh`,
  );
  const total =
    total_usd === null
      ? 'nothing is known'
      : `${exact ? '' : 'about '}$${total_usd.toFixed(2)} before tax, ${cents} cents per kWh`;
  const range = exact || low_usd === null ? [] : [`  from $${low_usd} to $${high_usd}`];
  const cliffs = bill.cliffs.map(
    ({ at_kwh, size_usd, change }) => `  From ${at_kwh} kWh the bill ${change} by $${size_usd.toFixed(2)}.`,
  );
  const { fees_text, special_terms } = remembered_text ?? told;
  const when = remembered_text ? `said, last told ${remembered_text.told_at}` : 'says';
  const said = [fees_text, special_terms].filter((text) => text !== null).map((text) => `  ${when}: ${text}`);
  return [
    title,
    `  published: ${published.join(', ')}`,
    ...said,
    '',
    ...lines.map(({ what, usd }) => `${usd.toFixed(2).padStart(12)}  ${what}`),
    '',
    `${usage_kwh} kWh: ${total}`,
    ...range,
    ...cliffs,
    `  ${bill.why}`,
  ].join('\n');
}
