/**
 * What a plan's text says of its price, and how long that is remembered: an upstream that stops telling a text has not
 * changed what is sold, so what was told last is carried with the plan until a text is told again.
 */

import type { Plan, PlanDraft, RememberedText } from './plan.ts';

type ToldText = Pick<RememberedText, 'fees_text' | 'special_terms'>;

/** English where there is English: what only the Spanish text tells is known, too. */
export function toldText({
  fees_text,
  special_terms,
  translations,
}: Pick<PlanDraft, 'fees_text' | 'special_terms'> & Partial<Pick<PlanDraft, 'translations'>>): ToldText {
  const es = translations?.es;
  return {
    fees_text: fees_text ?? es?.fees_text ?? null,
    special_terms: special_terms ?? es?.special_terms ?? null,
  };
}

const isTold = ({ fees_text, special_terms }: ToldText): boolean =>
  fees_text !== null || special_terms !== null;

/** @param before the plan that carried the offer last, and when an upstream told it so */
export function rememberedText(
  draft: PlanDraft,
  before: Pick<Plan, 'fees_text' | 'special_terms' | 'translations' | 'remembered_text'> & {
    last_told_at: Date;
  },
): RememberedText | null {
  if (isTold(toldText(draft))) return null;
  const last = toldText(before);
  if (isTold(last)) return { told_at: before.last_told_at.toISOString(), ...last };
  return before.remembered_text;
}
