/** A state of the market as the export that the state's site would send. */

import type { State } from './invented-market.ts';
import { territory } from './support.ts';

const COLUMNS = [
  'idKey',
  'TduCompanyName',
  'RepCompany',
  'Product',
  'kwh500',
  'kwh1000',
  'kwh2000',
  'Fees/Credits',
  'PrePaid',
  'TimeOfUse',
  'Fixed',
  'RateType',
  'Renewable',
  'TermValue',
  'CancelFee',
  'Website',
  'SpecialTerms',
  'TermsURL',
  'YRACURL',
  'Promotion',
  'PromotionDesc',
  'FactsURL',
  'EnrollURL',
  'PrepaidURL',
  'EnrollPhone',
  'NewCustomer',
  'MinUsageFeesCredits',
  'Language',
  'Rating',
] as const;

const NAMES: Record<string, string> = {
  '007923311': 'AEP TEXAS NORTH',
  '007924772': 'AEP TEXAS CENTRAL',
  '007929441': 'TEXAS-NEW MEXICO POWER COMPANY',
  '0582138934100': 'LUBBOCK POWER & LIGHT SYSTEM',
  '1039940674000': 'ONCOR ELECTRIC DELIVERY COMPANY',
  '957877905': 'CENTERPOINT ENERGY HOUSTON ELECTRIC LLC',
};

const flag = (value: boolean | null) => (value === null ? '' : value ? 'True' : 'False');
const usd = (cents: number | null) => (cents === null ? '' : (cents / 100).toFixed(5));

/** Every cell in quotes, a row for each language. */
export function toExport(state: State): Buffer {
  const rows = [...state].flatMap(([duns, plans]) =>
    plans.flatMap((plan) => {
      const fee = plan.early_termination_fee_usd;
      const row: Partial<Record<(typeof COLUMNS)[number], string>> = {
        idKey: plan.external_id,
        TduCompanyName: NAMES[duns] ?? territory.tdsp(duns)!.name,
        RepCompany: plan.provider_name,
        Product: plan.name,
        kwh500: usd(plan.rate_500kwh),
        kwh1000: usd(plan.rate_1000kwh),
        kwh2000: usd(plan.rate_2000kwh),
        'Fees/Credits': plan.fees_text ?? '',
        PrePaid: flag(plan.is_prepaid),
        TimeOfUse: flag(plan.is_time_of_use),
        RateType: plan.rate_type ?? '',
        Renewable: String(plan.percent_green ?? ''),
        TermValue: String(plan.term_months ?? ''),
        CancelFee: fee === null ? '' : fee === 0 ? 'None' : `$${fee}`,
        FactsURL: plan.efl_url ?? '',
        EnrollURL: plan.enroll_url ?? '',
        MinUsageFeesCredits: flag(plan.has_minimum_usage_fee),
        Language: 'English',
      };
      const spanish = { ...row, idKey: `es-${plan.external_id}`, Language: 'Spanish' };
      return plan.has_spanish ? [row, spanish] : [row];
    }),
  );
  const lines = rows.map((row) => COLUMNS.map((name) => `"${row[name] ?? ''}"`).join(','));
  const header = COLUMNS.map((name) => `"[${name}]"`).join(',');
  return Buffer.from([header, ...lines, '', '"END OF FILE"', ''].join('\r\n'));
}
