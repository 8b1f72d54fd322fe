/**
 * Providers as they write themselves: the state's export and ComparePower spell one company in several ways, in capitals,
 * with its legal form, or as the company behind the brand. Each spelling leads to one name, and the name to one id.
 */

import { readFileSync } from 'node:fs';
import { providerId } from '../plan/offer.ts';
import type { PlanDraft } from '../plan/plan.ts';

type Provider = PlanDraft['provider'];

// Read with the first plan: a program that starts with fresh ones listens sooner without it.
let known: ReadonlyMap<string, Provider> | undefined;

/** The provider under its own name; one that nobody has listed stays as it was told. */
export function underOwnName(told: Provider): Provider {
  known ??= readKnown();
  const own = known.get(providerId(told.name));
  if (!own) return told;
  return {
    name: own.name,
    legal_name: told.legal_name ?? own.legal_name,
    puct_number: told.puct_number ?? own.puct_number,
    phone: told.phone,
  };
}

function readKnown(): Map<string, Provider> {
  const file = new URL('../../data/providers.csv', import.meta.url);
  const rows = readFileSync(file, 'utf8').trimEnd().split('\n').slice(1);
  const byId = new Map<string, Provider>();
  for (const row of rows) {
    const [, name = '', spellings = '', legal_name = '', puct_number = ''] = row.split(',');
    const provider = { name, legal_name: legal_name || null, puct_number: puct_number || null, phone: null };
    for (const spelling of [name, ...spellings.split('|')]) {
      if (spelling !== '') byId.set(providerId(spelling), provider);
    }
  }
  return byId;
}
