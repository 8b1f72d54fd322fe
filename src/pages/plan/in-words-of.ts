/** A plan in the words that its provider uses in a language; prices and identity are the same in both. */

import type { Plan } from '../../plan/plan.ts';
import type { Language } from '../language.ts';

export function inWordsOf(plan: Plan, language: Language): Plan {
  const es = language === 'es' ? plan.translations.es : undefined;
  if (!es) return plan;
  return {
    ...plan,
    name: es.name ?? plan.name,
    fees_text: es.fees_text ?? plan.fees_text,
    special_terms: es.special_terms ?? plan.special_terms,
    documents: {
      efl: es.documents.efl ?? plan.documents.efl,
      tos: es.documents.tos ?? plan.documents.tos,
      yrac: es.documents.yrac ?? plan.documents.yrac,
    },
    enroll_url: es.enroll_url ?? plan.enroll_url,
  };
}
