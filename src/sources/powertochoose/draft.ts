/** One row of the Power to Choose export as a draft of a plan. */

import type { PlanDraft } from '../../plan/plan.ts';
import { cleanLink } from '../links.ts';
import { LONGEST_TEXT } from '../odd-values.ts';
import { underOwnName } from '../providers.ts';
import { FieldError, LONGEST_ID, readRequired } from '../record.ts';
import { readText } from '../text.ts';
import {
  readFlag,
  readId,
  readPercentGreen,
  readPrice,
  readPromotionFlag,
  readRateType,
  readRating,
  readTerm,
  wrongCell,
} from './cells.ts';
import type { PowerToChooseRow } from './csv.ts';
import { readExitFee } from './fees.ts';
import { tellsAutoPayRequired, tellsMinimumUsageFee } from './remarks.ts';

/**
 * `external_id` is empty where the row has none: which id to derive is known when all rows are read.
 * @throws {FieldError} for the first cell that rules the row out
 */
export function readDraft(row: PowerToChooseRow, tdsp_duns: string): PlanDraft {
  refuseOdd(row);
  const term_months = readTerm(row);
  const rates_cents_per_kwh = {
    500: readPrice(row, 'kwh500'),
    1000: readPrice(row, 'kwh1000'),
    2000: readPrice(row, 'kwh2000'),
  };
  // The price plans are compared at: without it a plan could be neither found nor ranked.
  if (rates_cents_per_kwh[1000] === null) throw wrongCell(row, 'kwh1000', 'is empty');
  const phone = readText(row.EnrollPhone);
  const fees_text = readText(row['Fees/Credits']);
  const special_terms = readText(row.SpecialTerms);
  const promotion = readText(row.PromotionDesc);
  const texts = [fees_text, special_terms, promotion];
  // True says "minimum usage fees or credits", and of 174 such rows in July 2026 all meant a credit.
  const hasFeesOrCredits = readFlag(row, 'MinUsageFeesCredits');
  return {
    external_id: readId(row) ?? '',
    tdsp_duns,
    provider: underOwnName({
      name: readRequired('RepCompany', row.RepCompany),
      legal_name: null,
      puct_number: null,
      phone,
    }),
    name: readRequired('Product', row.Product),
    term_months,
    rate_type: readRateType(row),
    percent_green: readPercentGreen(row),
    rates_cents_per_kwh,
    price_components: null,
    ...readExitFee(readText(row.CancelFee), term_months),
    early_termination_fee_text: readText(row.CancelFee),
    is_prepaid: readFlag(row, 'PrePaid'),
    is_time_of_use: readFlag(row, 'TimeOfUse'),
    requires_auto_pay: tellsAutoPayRequired(texts),
    is_new_customer_only: readFlag(row, 'NewCustomer'),
    has_minimum_usage_fee: hasFeesOrCredits === false ? false : tellsMinimumUsageFee(texts),
    has_fees_or_credits: hasFeesOrCredits,
    fees_text,
    special_terms,
    promotion,
    is_promotion: readPromotionFlag(row),
    documents: {
      efl: cleanLink(row.FactsURL),
      tos: cleanLink(row.TermsURL),
      yrac: cleanLink(row.YRACURL),
    },
    enroll_url: cleanLink(row.EnrollURL),
    enroll_phone: phone,
    provider_rating: readRating(row),
    provider_website: cleanLink(row.Website),
    prepaid_disclosure_url: cleanLink(row.PrepaidURL),
    spanish_external_id: null,
    translations: {},
  };
}

/** A cell too long for an index would fail its whole TDSP. No text of a plan comes near the limit. */
function refuseOdd(row: PowerToChooseRow): void {
  for (const [column, cell = ''] of Object.entries(row)) {
    const longest = column === 'idKey' ? LONGEST_ID : LONGEST_TEXT;
    if (cell.includes('\0')) throw new FieldError(column, cell, 'contains a NUL character');
    if (cell.length <= longest) continue;
    throw new FieldError(column, cell, `has ${cell.length} characters, more than ${longest}`);
  }
}
