/**
 * What a plan looks like on ComparePower's wire. Written down apart from `sources/comparepower`, on purpose: the
 * sandbox is the other side of the wire, and a shared type would hide a misreading from every test.
 */

/** Applies to the usage (flat) or to the kWh (`multiplicative`) from `min` to `max`, kWh a month; `null`: no bound. */
export interface UpstreamComponent {
  min: number | null;
  max: number | null;
  /** USD a month; USD per kWh where `multiplicative`; a share where `percentage` (0.02 is 2 %); negative: a credit. */
  amount: number;
  multiplicative: boolean;
  tdsp_charge: boolean;
  /** A percentage of the running total; without it, of the REP's own charges per kWh. */
  compound: boolean;
  /** Some callers see numbers. */
  percentage: boolean | 0 | 1;
}

/** Usage in kWh a month, averages in USD and cents per kWh, total in USD a month. */
export interface UpstreamDisplayPricing {
  usage: number;
  avg: number;
  avg_cents: number;
  total: number;
}

export interface UpstreamDocumentLink {
  /** In small letters or capitals; the rights of customers go by `yrac` as well as `YRAAC`. */
  type: string;
  language: string | null;
  /** Missing where only a copy is kept. */
  link: string | null;
  snapshot_url: string | null;
}

export interface UpstreamPlan {
  /** 24 hex; the first 8 are the Unix seconds of its creation. A re-priced plan gets a new one. */
  _id: string;
  product: {
    _id: string;
    brand: {
      _id: string;
      name: string;
      puct_number: string | null;
      legal_name: string | null;
      contact_info: {
        sales: { phone_number: string | null };
        support: { address: string | null; email: string | null; phone_number: string | null };
      };
    };
    name: string;
    /** Months; 1 is month to month. */
    term: number | null;
    /** What it means upstream is not known. In the sandbox it is the rate type. */
    family: string;
    /** 0 to 100. */
    percent_green: number | null;
    headline: string;
    description: string;
    /** USD. A fee per remaining month stands here, too, and only the description tells. */
    early_termination_fee: number | null;
    is_pre_pay: boolean | null;
    is_time_of_use: boolean | null;
  };
  tdsp: { _id: string; name: string; short_name: string; abbreviation: string; duns_number: string };
  /** USD per kWh: `price` as the label prints it, to a tenth of a cent, and `actual` as the components give it. */
  expected_prices: { usage: number; price: number; actual: number; valid: boolean }[];
  display_pricing_500?: UpstreamDisplayPricing;
  display_pricing_1000?: UpstreamDisplayPricing;
  display_pricing_2000?: UpstreamDisplayPricing;
  document_links: UpstreamDocumentLink[];
  components?: UpstreamComponent[];
}

/** An id in the form of a MongoDB ObjectId: the time of creation, then 64 bits that name the object. */
export function objectId(createdAtMs: number, high: number, low: number): string {
  return [Math.floor(createdAtMs / 1000), high, low]
    .map((part) => (part >>> 0).toString(16).padStart(8, '0'))
    .join('');
}

export function displayPricing(usageKwh: number, totalUsd: number): UpstreamDisplayPricing {
  const avg = round(totalUsd / usageKwh, 5);
  return { usage: usageKwh, avg, avg_cents: round(avg * 100, 3), total: round(totalUsd, 2) };
}

export function round(value: number, decimals: number): number {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor;
}
