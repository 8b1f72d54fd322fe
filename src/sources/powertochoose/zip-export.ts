/**
 * The export of the site's page for one ZIP code: other names of columns, no ids, one language, no end marker. It holds all plans of
 * the TDSPs that serve the ZIP code, and so suffices for those.
 */

/** Its columns by the names that the export of all plans has for them. */
const NAMES: Readonly<Record<string, string>> = {
  ZipCode: 'ZipCode',
  TduCompany: 'TduCompanyName',
  RepCompany: 'RepCompany',
  'Plan Name': 'Product',
  'Price/kWh 500': 'kwh500',
  'Price/kWh 1000': 'kwh1000',
  'Price/kWh 2000': 'kwh2000',
  'Rate Type': 'RateType',
  'Term Value': 'TermValue',
  Prepaid: 'PrePaid',
  'Time Of Use': 'TimeOfUse',
  'Plan Details': 'SpecialTerms',
  'Pricing Details': 'CancelFee',
  'Renewable Perc': 'Renewable',
  'Enroll Phone': 'EnrollPhone',
  'Fact Sheet': 'FactsURL',
  'Terms of Service': 'TermsURL',
  YRAC: 'YRACURL',
  'Ordering Info': 'EnrollURL',
  'New Customer': 'NewCustomer',
  'Min Usage Fees/Credits': 'MinUsageFeesCredits',
  Rating: 'Rating',
};

export const isZipExport = (header: readonly string[]): boolean => header[0] === 'ZipCode';

export const allPlansName = (name: string): string => (Object.hasOwn(NAMES, name) ? NAMES[name]! : name);

/** `Cancellation Fee: $395.00` stands for `$395.00`. */
export const withoutLabel = (cell: string): string => cell.replace(/^\s*Cancellation Fee:\s*/i, '');
