/**
 * Credits and minimum-usage fees that a plan's text states, in English or Spanish: how much, and at which usage.
 * A fee below a limit and a credit from that limit bend a bill in the same way, so both are one kind of step.
 *
 * The text only proposes. `bill.ts` believes a step if the three published prices agree with it.
 */

/** `amount_usd` is taken off the bill from `from_kwh` on, up to and with `to_kwh`; `null`: without end. */
export interface Step {
  amount_usd: number;
  from_kwh: number;
  to_kwh: number | null;
}

const AMOUNT = /(?:us)?\$ ?(\d{1,3}(?:\.\d{1,2})?)(?!\d|\s*(?:\/|per|por) *kwh)/gi;
const USAGE = /(\d{1,3}(?:,\d{3})|\d{3,4})(?: ?(?:kwh|kilowatt))?/gi;
const ABOUT_USAGE = /kwh|kilowatt|usage|use|uso|consumo/i;
const MOST_AMOUNTS = 4;

/**
 * Every set of steps that the text may mean, the likeliest first.
 * @param texts what the upstream says about fees, credits and special terms; the plan's name last
 */
export function statedSteps(texts: readonly (string | null)[]): Step[][] {
  const text = texts.filter((one) => one !== null).join(' . ');
  if (!ABOUT_USAGE.test(text)) return [];
  const amounts = [...text.matchAll(AMOUNT)].map((match) => ({ at: match.index, usd: Number(match[1]) }));
  const usable = amounts.filter(({ usd }) => usd > 0).slice(0, MOST_AMOUNTS);
  // What follows a dollar sign is not a usage.
  const usages = [...text.matchAll(USAGE)]
    .filter((match) => !/\$ ?$/.test(text.slice(0, match.index)))
    .map((match) => ({ at: match.index, kwh: Number(match[1]!.replace(',', '')) }))
    .filter(({ kwh }) => kwh >= 100 && kwh <= 5000);
  if (usable.length === 0 || usages.length === 0) return [];

  const near = (at: number) =>
    usages.toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at)).map(({ kwh }) => kwh);
  const singles = usable.flatMap(({ usd, at }) =>
    near(at).flatMap((kwh) => thresholds(kwh).map((from) => step(usd, from))),
  );
  const windows = usable.flatMap(({ usd, at }) => {
    const [one, two] = near(at);
    if (one === undefined || two === undefined || one === two) return [];
    return thresholds(Math.min(one, two)).map((from) => step(usd, from, Math.max(one, two)));
  });
  const pairs = singles.flatMap((first, at) =>
    singles
      .slice(at + 1)
      .flatMap((second) => (second.from_kwh > first.from_kwh + 1 ? [[first, second]] : [])),
  );
  return [...singles.map((one) => [one]), ...windows.map((one) => [one]), ...pairs];
}

/** "Over 999" and "1,000 or more" are the same; whether "over 1,000" includes it, the prices tell. */
function thresholds(kwh: number): number[] {
  return kwh % 100 === 99 ? [kwh + 1] : [kwh, kwh + 1];
}

const step = (amount_usd: number, from_kwh: number, to_kwh: number | null = null): Step => ({
  amount_usd,
  from_kwh,
  to_kwh,
});

/** USD that the steps take off the bill at a usage. */
export function stepsAt(steps: readonly Step[], usageKwh: number): number {
  let sum = 0;
  for (const { amount_usd, from_kwh, to_kwh } of steps) {
    if (usageKwh >= from_kwh && (to_kwh === null || usageKwh <= to_kwh)) sum += amount_usd;
  }
  return sum;
}
