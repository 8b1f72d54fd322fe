// Written by `npm run client` from the description of the API; a test compares the two.

/** What JSON can say, where the description says no more. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export type PlanList = {
  readonly data: readonly Plan[];
  readonly facets: {
    readonly term: readonly {
      readonly value: number | null;
      readonly name?: string;
      readonly count: number;
    }[];
    readonly rate_type: readonly {
      readonly value: string | null;
      readonly name?: string;
      readonly count: number;
    }[];
    readonly provider: readonly {
      readonly value: string;
      readonly name?: string;
      readonly count: number;
    }[];
    readonly green: readonly {
      readonly value: number;
      readonly name?: string;
      readonly count: number;
    }[];
    readonly prepaid: readonly {
      readonly value: boolean | null;
      readonly name?: string;
      readonly count: number;
    }[];
    readonly time_of_use: readonly {
      readonly value: boolean | null;
      readonly name?: string;
      readonly count: number;
    }[];
  };
  readonly meta: {
    readonly total: number;
    readonly tdsps: readonly string[];
    /** The layer that answered; `history` where the parameter `as_of` asked about the past */
    readonly source: 'memory' | 'redis' | 'database' | 'active' | 'api' | 'history';
    readonly stale: boolean;
    /** When the upstream last confirmed these plans; the time that was asked about */
    readonly as_of: string;
    readonly age_seconds: number;
    readonly version: string;
    /** With `as_of`: since when the plans were these */
    readonly published_at?: string;
    /** Fields that the upstream last told as one value, or not at all, for a whole market: they are as they were before. Left out where there are none */
    readonly kept_fields?: readonly string[];
    /** Whose plans these are; `sandbox` means invented */
    readonly upstream: string;
    readonly notice?: string;
    readonly place?: AskedPlace;
  };
  readonly links: {
    readonly next?: string;
  };
};

export type Plan = {
  readonly id: string;
  readonly external_id: string;
  /** Survives re-pricing and new upstream ids */
  readonly offer_id: string;
  readonly tdsp_duns: string;
  readonly provider: {
    readonly id: string;
    readonly name: string;
  };
  readonly name: string;
  /** 1 is month to month */
  readonly term_months: number | null;
  readonly rate_type: 'fixed' | 'variable' | 'indexed' | null;
  readonly percent_green: number | null;
  readonly rates_cents_per_kwh: Rates;
  readonly bill: Bill;
  readonly year?: Year;
  /** The most that leaving can cost */
  readonly early_termination_fee_usd: number | null;
  /** Set where the fee is per remaining month */
  readonly early_termination_fee_per_month_usd: number | null;
  /** The words for that fee as the upstream tells them */
  readonly early_termination_fee_text: string | null;
  readonly is_prepaid: boolean | null;
  readonly is_time_of_use: boolean | null;
  readonly requires_auto_pay: boolean | null;
  readonly is_new_customer_only: boolean | null;
  readonly has_minimum_usage_fee: boolean | null;
  /** As the upstream flags it: the price bends somewhere, by a minimum-usage fee or a credit */
  readonly has_fees_or_credits: boolean | null;
  readonly fees_text: string | null;
  readonly documents: {
    readonly efl: string | null;
    readonly tos: string | null;
    readonly yrac: string | null;
  };
  readonly enroll_url: string | null;
  readonly first_seen_at: string;
  readonly last_changed_at: string;
  readonly is_active: boolean;
};

export type Rates = {
  readonly '500': number | null;
  readonly '1000': number | null;
  readonly '2000': number | null;
};

/** What a month costs at one usage. The examples: SimpleSaver 12 fifty kWh short of its credit; True Value 12 below all published prices, so extrapolated; a plan with a free hour a day, so estimated. */
export type Bill = {
  readonly usage_kwh: number;
  /** An average month before tax; `null` where it cannot even be estimated */
  readonly total_usd: number | null;
  readonly rate_cents_per_kwh: number | null;
  /** Published, or following from evidence within the rounding of the published prices. Below 500 and above 2,000 kWh only `components` prove that much. */
  readonly exact: boolean;
  /** What the bill rests on. `components`: the charges themselves. `line`: a straight line through the three published prices, and no text that speaks of anything else. `stated_credit`: the same with the credits and fees that the text states. `remembered_text`: with those that the text stated before the upstream stopped sending one. `published`: only the price at just this usage is known. `estimate`: not known, and never ranked before what is. What is none of these and not exact is extrapolated: no price is published that far. `null`: nothing is known. */
  readonly evidence: 'components' | 'line' | 'stated_credit' | 'remembered_text' | 'published' | 'estimate' | null;
  /** The least that it may be */
  readonly low_usd: number | null;
  /** The most that it may be */
  readonly high_usd: number | null;
  /** Where the bill jumps as usage rises, such as by a credit */
  readonly cliffs: readonly {
    /** The first kWh on the other side */
    readonly at_kwh: number;
    readonly size_usd: number;
    /** The bill from there on: it falls where a credit begins or a fee ends */
    readonly change: 'falls' | 'rises';
  }[];
  /** How it is known, in one sentence */
  readonly why: string;
};

/** With `profile`, or in the order by the year. The example is SimpleSaver 12 for the average Texas home: the cheapest plan at 1,000 kWh, and $302 a year dearer than the best, because six months miss its credit. */
export type Year = {
  /** Its id, or `own` for twelve numbers that were given */
  readonly profile: string;
  readonly usage_kwh: number;
  /** The next twelve months before tax, with what comes once */
  readonly total_usd: number | null;
  /** Every month is exact, and the price is agreed for all twelve */
  readonly exact: boolean;
  /** What the months rest on, as for a bill; `estimate` where one of them is an estimate or the price is not agreed for all twelve */
  readonly evidence: 'components' | 'line' | 'stated_credit' | 'remembered_text' | 'published' | 'estimate' | null;
  /** The least that it may be */
  readonly low_usd: number | null;
  /** The most that it may be */
  readonly high_usd: number | null;
  /** Months on the dear side of a credit or of a minimum-usage fee */
  readonly months_missing_credit: number;
  /** Months for which the price is agreed; afterwards today's is assumed */
  readonly covered_months: number | null;
  /** What comes once, such as a device to be bought; in the total */
  readonly once_usd: number;
  /** The total at 10 % less usage */
  readonly at_90_percent_usd: number | null;
  /** The total at 10 % more usage */
  readonly at_110_percent_usd: number | null;
  /** The exit fee then */
  readonly leave_after_6_months_usd: number | null;
  /** The exit fee then */
  readonly leave_after_12_months_usd: number | null;
};

export type AskedPlace = {
  readonly slug?: string;
  readonly zip?: string;
  readonly name?: string;
  readonly tdsps: readonly string[];
  readonly note: string | null;
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly {
    readonly field: string;
    readonly message: string;
  }[];
  readonly place?: string;
  readonly slug?: string | null;
  readonly utilities?: readonly string[];
  readonly suggestions?: readonly {
    readonly slug: string;
    readonly name: string;
  }[];
  /** As in the header `Retry-After` */
  readonly retry_after_seconds?: number;
  /** Those of which there is nothing */
  readonly tdsps?: readonly string[];
  /** Where the past of the plan is told */
  readonly history?: string;
  readonly first_published_at?: string | null;
  readonly kept_since?: string | null;
  readonly nearest?: readonly {
    readonly slug: string;
    readonly name: string;
    readonly distance_miles: number;
  }[];
};

export type PlanAnswer = {
  readonly data: {
    readonly id: string;
    readonly external_id: string;
    /** Survives re-pricing and new upstream ids */
    readonly offer_id: string;
    readonly tdsp_duns: string;
    readonly provider: {
      readonly id: string;
      readonly name: string;
    };
    readonly name: string;
    /** 1 is month to month */
    readonly term_months: number | null;
    readonly rate_type: 'fixed' | 'variable' | 'indexed' | null;
    readonly percent_green: number | null;
    readonly rates_cents_per_kwh: Rates;
    readonly bill: Bill;
    readonly year?: Year;
    /** The most that leaving can cost */
    readonly early_termination_fee_usd: number | null;
    /** Set where the fee is per remaining month */
    readonly early_termination_fee_per_month_usd: number | null;
    /** The words for that fee as the upstream tells them */
    readonly early_termination_fee_text: string | null;
    readonly is_prepaid: boolean | null;
    readonly is_time_of_use: boolean | null;
    readonly requires_auto_pay: boolean | null;
    readonly is_new_customer_only: boolean | null;
    readonly has_minimum_usage_fee: boolean | null;
    /** As the upstream flags it: the price bends somewhere, by a minimum-usage fee or a credit */
    readonly has_fees_or_credits: boolean | null;
    readonly fees_text: string | null;
    readonly documents: {
      readonly efl: string | null;
      readonly tos: string | null;
      readonly yrac: string | null;
    };
    readonly enroll_url: string | null;
    readonly first_seen_at: string;
    readonly last_changed_at: string;
    readonly is_active: boolean;
    readonly price_components: readonly {
      readonly amount: number;
      readonly is_compound: boolean;
      readonly is_per_kwh: boolean;
      readonly is_percentage: boolean;
      readonly is_tdsp_charge: boolean;
      readonly max_kwh: number | null;
      readonly min_kwh: number | null;
    }[] | null;
    readonly special_terms: string | null;
    readonly promotion: string | null;
    /** As the upstream flags it */
    readonly is_promotion: boolean | null;
    readonly enroll_phone: string | null;
    /** Stars, 1 to 5, as the state's site rates the provider */
    readonly provider_rating: number | null;
    readonly provider_website: string | null;
    /** The Prepaid Disclosure Statement */
    readonly prepaid_disclosure_url: string | null;
    /** The upstream id of the Spanish record of this plan */
    readonly spanish_external_id: string | null;
    readonly translations: { readonly [name: string]: Json };
    readonly remembered_text: {
      readonly told_at: string;
      readonly fees_text: string | null;
      readonly special_terms: string | null;
    } | null;
    /** What is odd about the data of the plan; both sides of a contradiction stay as told */
    readonly quality: readonly Remark[];
  };
  readonly meta: {
    /** The layer that answered; `history` where the parameter `as_of` asked about the past */
    readonly source: 'memory' | 'redis' | 'database' | 'active' | 'api' | 'history';
    readonly stale: boolean;
    /** When the upstream last confirmed these plans; the time that was asked about */
    readonly as_of: string;
    readonly age_seconds: number;
    readonly version: string;
    /** With `as_of`: since when the plans were these */
    readonly published_at?: string;
    /** Fields that the upstream last told as one value, or not at all, for a whole market: they are as they were before. Left out where there are none */
    readonly kept_fields?: readonly string[];
    /** Whose plans these are; `sandbox` means invented */
    readonly upstream: string;
    readonly notice?: string;
  };
  readonly links: {
    readonly history?: string;
    readonly current?: string;
  };
};

export type Remark = {
  /** A stable name */
  readonly rule: string;
  readonly message: string;
  /** The fields and figures that the rule read */
  readonly evidence: { readonly [name: string]: Json };
};

export type History = {
  readonly data: readonly {
    readonly event: 'listed' | 'changed' | 'withdrawn' | 'relisted';
    readonly at: string;
    readonly plan_id: string | null;
    readonly external_id: string | null;
    readonly changes: readonly ChangedTerm[];
  }[];
  /** What the plan cost, newest first: a step holds until the one before it in the list. Rates are null where none was told and while the plan was not offered. */
  readonly prices: readonly {
    readonly at: string;
    readonly is_offered: boolean;
    readonly rates_cents_per_kwh: Rates;
  }[];
  readonly meta: {
    readonly offer_id: string;
    readonly first_seen_at: string;
    readonly last_changed_at: string;
    readonly ended_at: string | null;
    /** Events on all pages */
    readonly total: number;
    /** What happened before was dropped; null: nothing was */
    readonly kept_since: string | null;
    /** With `lowest_in_days`; its rate is null where the plan was not offered in these days */
    readonly lowest: {
      readonly days: number;
      readonly usage_kwh: number;
      readonly rate_cents_per_kwh: number | null;
      /** Since when, but not before the days began */
      readonly at: string | null;
    } | null;
    /** Whose plans these are; `sandbox` means invented */
    readonly upstream: string;
    readonly notice?: string;
  };
  readonly links: {
    readonly next?: string;
  };
};

export type ChangedTerm = {
  readonly field: string;
  readonly from: Json;
  readonly to: Json;
};

export type MarketIndex = {
  readonly data: readonly {
    readonly from: string;
    readonly to: string;
    readonly days: number;
    /** Days for which the upstream confirmed the plans */
    readonly known_days: number;
    /** On average of the known days; null: nothing is known */
    readonly plans: number | null;
    /** Of them, those that tell a rate at this usage */
    readonly priced_plans: number | null;
    /** The lowest of all days */
    readonly min_rate_cents_per_kwh: number | null;
    /** The mean of the medians of the known days */
    readonly median_rate_cents_per_kwh: number | null;
    /** The mean of the averages of the known days */
    readonly average_rate_cents_per_kwh: number | null;
    /** The last version of the plans that counts here */
    readonly version: number | null;
  }[];
  readonly meta: {
    readonly tdsp_duns: string;
    readonly from: string;
    readonly to: string;
    readonly by: string;
    readonly time_zone: 'America/Chicago';
    readonly term: number | null;
    readonly rate_type: string | null;
    readonly usage_kwh: number;
    /** Whose plans these are; `sandbox` means invented */
    readonly upstream: string;
    readonly notice?: string;
  };
  readonly links: Record<never, never>;
};

export type MarketChanges = {
  readonly data: readonly {
    readonly version: number;
    readonly at: string;
    readonly event: 'listed' | 'changed' | 'withdrawn' | 'relisted';
    readonly offer_id: string;
    readonly plan_id: string | null;
    readonly external_id: string | null;
    readonly provider: {
      readonly id: string;
      readonly name: string;
    };
    readonly name: string;
    readonly term_months: number | null;
    readonly changes: readonly ChangedTerm[];
    /** With `listed`: the rates it was first seen with */
    readonly rates_cents_per_kwh: Rates | null;
  }[];
  readonly meta: {
    readonly tdsp_duns: string;
    /** The version that is current */
    readonly version: number;
    /** Whether `links.next` brings more at once */
    readonly has_more: boolean;
    /** Whose plans these are; `sandbox` means invented */
    readonly upstream: string;
    readonly notice?: string;
  };
  readonly links: {
    /** At the end, too: there it brings what happens from now on */
    readonly next: string;
  };
};

export type EventList = {
  readonly data: readonly MarketEvent[];
  readonly meta: {
    /** Of the last event there is */
    readonly last_seq: number;
    /** Events up to this one are past their time and gone */
    readonly kept_after_seq: number;
    /** Whether `links.next` brings more at once */
    readonly has_more: boolean;
    readonly upstream?: string;
    readonly notice?: string;
  };
  readonly links: {
    /** At the end, too: there it brings what happens from now on */
    readonly next: string;
  };
};

export type MarketEvent = MarketListedEvent | OfferListedEvent | OfferRelistedEvent | OfferRepricedEvent | OfferTermsChangedEvent | OfferDetailsChangedEvent | OfferReplacedEvent | OfferWithdrawnEvent | DeliveryChargeChangedEvent | ProviderRenamedEvent | SourceChangedEvent | SnapshotPublishedEvent | SnapshotRevertedEvent | SnapshotHeldEvent;

export type MarketListedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'market_listed';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: null;
  readonly plan_id: null;
  readonly external_id: null;
  readonly provider: null;
  readonly name: null;
  readonly term_months: null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  readonly replaces: null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: readonly {
    readonly offer_id: string;
    readonly plan_id: string;
    readonly external_id: string;
    readonly provider_id: string;
    readonly changes: readonly {
      readonly field: string;
      readonly from: Json;
      readonly to: Json;
    }[];
    /** The plan that carried the offer until then: its id is gone */
    readonly replaces: {
      readonly plan_id: string;
      readonly external_id: string;
    } | null;
    /** With `include=plan`: the plan as it was after the event; null where there is none */
    readonly plan?: PlanFacts | null;
  }[];
  readonly details: {
    readonly offers: number;
  };
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

/** A plan without bill and year: what the upstream tells of it, its identity and its past */
export type PlanFacts = {
  readonly id: string;
  readonly external_id: string;
  /** Survives re-pricing and new upstream ids */
  readonly offer_id: string;
  readonly tdsp_duns: string;
  readonly provider: {
    readonly id: string;
    readonly name: string;
  };
  readonly name: string;
  /** 1 is month to month */
  readonly term_months: number | null;
  readonly rate_type: 'fixed' | 'variable' | 'indexed' | null;
  readonly percent_green: number | null;
  readonly rates_cents_per_kwh: Rates;
  /** The most that leaving can cost */
  readonly early_termination_fee_usd: number | null;
  /** Set where the fee is per remaining month */
  readonly early_termination_fee_per_month_usd: number | null;
  /** The words for that fee as the upstream tells them */
  readonly early_termination_fee_text: string | null;
  readonly is_prepaid: boolean | null;
  readonly is_time_of_use: boolean | null;
  readonly requires_auto_pay: boolean | null;
  readonly is_new_customer_only: boolean | null;
  readonly has_minimum_usage_fee: boolean | null;
  /** As the upstream flags it: the price bends somewhere, by a minimum-usage fee or a credit */
  readonly has_fees_or_credits: boolean | null;
  readonly fees_text: string | null;
  readonly documents: {
    readonly efl: string | null;
    readonly tos: string | null;
    readonly yrac: string | null;
  };
  readonly enroll_url: string | null;
  readonly first_seen_at: string;
  readonly last_changed_at: string;
  readonly is_active: boolean;
  readonly price_components: readonly {
    readonly amount: number;
    readonly is_compound: boolean;
    readonly is_per_kwh: boolean;
    readonly is_percentage: boolean;
    readonly is_tdsp_charge: boolean;
    readonly max_kwh: number | null;
    readonly min_kwh: number | null;
  }[] | null;
  readonly special_terms: string | null;
  readonly promotion: string | null;
  /** As the upstream flags it */
  readonly is_promotion: boolean | null;
  readonly enroll_phone: string | null;
  /** Stars, 1 to 5, as the state's site rates the provider */
  readonly provider_rating: number | null;
  readonly provider_website: string | null;
  /** The Prepaid Disclosure Statement */
  readonly prepaid_disclosure_url: string | null;
  /** The upstream id of the Spanish record of this plan */
  readonly spanish_external_id: string | null;
  readonly translations: { readonly [name: string]: Json };
  readonly remembered_text: {
    readonly told_at: string;
    readonly fees_text: string | null;
    readonly special_terms: string | null;
  } | null;
};

export type OfferListedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'offer_listed';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: string;
  readonly plan_id: string;
  readonly external_id: string;
  readonly provider: {
    readonly id: string;
    readonly name: string | null;
  };
  readonly name: string | null;
  readonly term_months: number | null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  /** The plan that carried the offer until then: its id is gone */
  readonly replaces: {
    readonly plan_id: string;
    readonly external_id: string;
  } | null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: null;
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type OfferRelistedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'offer_relisted';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: string;
  readonly plan_id: string;
  readonly external_id: string;
  readonly provider: {
    readonly id: string;
    readonly name: string | null;
  };
  readonly name: string | null;
  readonly term_months: number | null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  /** The plan that carried the offer until then: its id is gone */
  readonly replaces: {
    readonly plan_id: string;
    readonly external_id: string;
  } | null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: null;
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type OfferRepricedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'offer_repriced';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: string;
  readonly plan_id: string;
  readonly external_id: string;
  readonly provider: {
    readonly id: string;
    readonly name: string | null;
  };
  readonly name: string | null;
  readonly term_months: number | null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  /** The plan that carried the offer until then: its id is gone */
  readonly replaces: {
    readonly plan_id: string;
    readonly external_id: string;
  } | null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  /** USD a year before and after, by usage profile */
  readonly year_costs: { readonly [name: string]: {
    readonly from_usd: number | null;
    readonly to_usd: number | null;
    /** Both are known, neither is an estimate */
    readonly exact: boolean;
  } } | null;
  readonly affected: null;
  readonly details: null;
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type OfferTermsChangedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'offer_terms_changed';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: string;
  readonly plan_id: string;
  readonly external_id: string;
  readonly provider: {
    readonly id: string;
    readonly name: string | null;
  };
  readonly name: string | null;
  readonly term_months: number | null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  /** The plan that carried the offer until then: its id is gone */
  readonly replaces: {
    readonly plan_id: string;
    readonly external_id: string;
  } | null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: null;
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type OfferDetailsChangedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'offer_details_changed';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: string;
  readonly plan_id: string;
  readonly external_id: string;
  readonly provider: {
    readonly id: string;
    readonly name: string | null;
  };
  readonly name: string | null;
  readonly term_months: number | null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  /** The plan that carried the offer until then: its id is gone */
  readonly replaces: {
    readonly plan_id: string;
    readonly external_id: string;
  } | null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: null;
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type OfferReplacedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'offer_replaced';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: string;
  readonly plan_id: string;
  readonly external_id: string;
  readonly provider: {
    readonly id: string;
    readonly name: string | null;
  };
  readonly name: string | null;
  readonly term_months: number | null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  /** The plan that carried the offer until then: its id is gone */
  readonly replaces: {
    readonly plan_id: string;
    readonly external_id: string;
  } | null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: null;
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type OfferWithdrawnEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'offer_withdrawn';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: string;
  readonly plan_id: string;
  readonly external_id: string;
  readonly provider: {
    readonly id: string;
    readonly name: string | null;
  };
  readonly name: string | null;
  readonly term_months: number | null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  /** The plan that carried the offer until then: its id is gone */
  readonly replaces: {
    readonly plan_id: string;
    readonly external_id: string;
  } | null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: {
    /** `withdrawn`: the upstream lists it no more; `source_changed`: the plans of another upstream stand in its place; `merged`: its upstream id goes on as the offer `into`, which was known before; `replaced`: its upstream id is another, new product */
    readonly reason: 'withdrawn' | 'source_changed' | 'merged' | 'replaced';
    readonly into: string | null;
    /** The last version that had it */
    readonly last_version: number;
  };
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type DeliveryChargeChangedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'delivery_charge_changed';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: null;
  readonly plan_id: null;
  readonly external_id: null;
  readonly provider: null;
  readonly name: null;
  readonly term_months: null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  readonly replaces: null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: readonly {
    readonly offer_id: string;
    readonly plan_id: string;
    readonly external_id: string;
    readonly provider_id: string;
    readonly changes: readonly {
      readonly field: string;
      readonly from: Json;
      readonly to: Json;
    }[];
    /** The plan that carried the offer until then: its id is gone */
    readonly replaces: {
      readonly plan_id: string;
      readonly external_id: string;
    } | null;
    /** With `include=plan`: the plan as it was after the event; null where there is none */
    readonly plan?: PlanFacts | null;
  }[];
  readonly details: {
    /** The middle one of the affected offers */
    readonly shift_cents_per_kwh: Rates;
    readonly offers: number;
  };
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type ProviderRenamedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'provider_renamed';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: null;
  readonly plan_id: null;
  readonly external_id: null;
  readonly provider: {
    readonly id: string;
    readonly name: string | null;
  };
  readonly name: null;
  readonly term_months: null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  readonly replaces: null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: {
    readonly from: string;
    readonly to: string;
  };
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type SourceChangedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'source_changed';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: null;
  readonly plan_id: null;
  readonly external_id: null;
  readonly provider: null;
  readonly name: null;
  readonly term_months: null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  readonly replaces: null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: {
    readonly from: string;
    readonly to: string;
  };
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type SnapshotPublishedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'snapshot_published';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: null;
  readonly plan_id: null;
  readonly external_id: null;
  readonly provider: null;
  readonly name: null;
  readonly term_months: null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  readonly replaces: null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: {
    readonly passed_as: 'judged' | 'overridden' | 'reverted' | 'outlasted';
    readonly plans: number;
    readonly added: number;
    readonly changed: number;
    readonly withdrawn: number;
    readonly rejected: number;
  };
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type SnapshotRevertedEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'snapshot_reverted';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: number;
  readonly offer_id: null;
  readonly plan_id: null;
  readonly external_id: null;
  readonly provider: null;
  readonly name: null;
  readonly term_months: null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  readonly replaces: null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: {
    readonly passed_as: 'judged' | 'overridden' | 'reverted' | 'outlasted';
    readonly plans: number;
    readonly added: number;
    readonly changed: number;
    readonly withdrawn: number;
    readonly rejected: number;
    readonly to_version: number | null;
  };
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

export type SnapshotHeldEvent = {
  /** The place in the log: one more than that of the event before */
  readonly seq: number;
  readonly event: 'snapshot_held';
  readonly cause: 'first_snapshot' | 'provider' | 'delivery_charge' | 'correction' | 'operator' | 'source_change' | 'guard';
  readonly at: string;
  readonly tdsp_duns: string;
  readonly version: null;
  readonly offer_id: null;
  readonly plan_id: null;
  readonly external_id: null;
  readonly provider: null;
  readonly name: null;
  readonly term_months: null;
  readonly changes: readonly {
    readonly field: string;
    readonly from: Json;
    readonly to: Json;
  }[];
  readonly replaces: null;
  /** At 1,000 kWh a month */
  readonly rate_change_cents_per_kwh: number | null;
  readonly year_costs: null;
  readonly affected: null;
  readonly details: {
    readonly broken: readonly {
      readonly rule: string;
      readonly reading: string;
      readonly limit: string;
    }[];
  };
  readonly evidence: {
    readonly upstream: string | null;
    readonly observed_at: string | null;
    /** SHA-256 of what the upstream sent */
    readonly payload_hash: string | null;
    /** SHA-256 over all plans of the version */
    readonly set_hash: string | null;
    readonly run_id: number | null;
  };
  /** With `include=plan`: the plan as it was after the event; null where there is none */
  readonly plan?: PlanFacts | null;
};

/** Atom (RFC 4287), the newest entry first */
export type AtomFeed = string;

export type JsonFeed = {
  readonly version: 'https://jsonfeed.org/version/1.1';
  readonly title: string;
  readonly home_page_url: string;
  readonly feed_url: string;
  readonly items: readonly {
    readonly id: string;
    readonly url: string;
    readonly title: string;
    readonly content_text: string;
    readonly date_published: string;
  }[];
};

export type ExportList = {
  readonly data: readonly {
    /** Of a day, `2026-11-28`, or a month, `2026-11` */
    readonly name: string;
    readonly title: string;
    /** What happened later is not in it */
    readonly until: string;
    readonly notice?: string;
    /** Its Frictionless data package */
    readonly descriptor: string;
    readonly files: readonly {
      readonly table: 'plans' | 'events' | 'rate-index' | 'history';
      readonly format: 'csv' | 'jsonl' | 'parquet';
      readonly link: string;
      readonly bytes: number;
      readonly sha256: string;
      readonly rows: number;
    }[];
  }[];
  readonly links: {
    readonly next?: string;
  };
};

export type CityList = {
  readonly data: readonly {
    readonly slug: string;
    readonly name: string;
    readonly county: string;
    readonly lat: number;
    readonly lon: number;
    readonly population: number | null;
    readonly tier: number;
    readonly tdsps: readonly string[];
    readonly zips: readonly string[];
  }[];
  readonly meta: {
    readonly total: number;
  };
  readonly links: {
    readonly next?: string;
  };
};

export type CityAnswer = {
  readonly data: {
    readonly slug: string;
    readonly name: string;
    readonly county: string;
    readonly lat: number;
    readonly lon: number;
    readonly population: number | null;
    readonly tier: number;
    readonly tdsps: readonly Tdsp[];
    readonly zips: readonly string[];
    readonly has_retail_choice: boolean;
    readonly utilities: readonly string[];
    readonly note: string | null;
    /** All plans together; null before they were first published and counted */
    readonly market?: Market | null;
  };
  readonly links: {
    readonly plans?: string;
  };
};

export type Tdsp = {
  readonly duns: string;
  readonly code: string;
  readonly name: string;
  readonly short_name: string;
};

export type Market = {
  readonly plans: number;
  readonly rates_cents_per_kwh: {
    readonly '500': {
      readonly min: number | null;
      readonly median: number | null;
      readonly average: number | null;
    };
    readonly '1000': {
      readonly min: number | null;
      readonly median: number | null;
      readonly average: number | null;
    };
    readonly '2000': {
      readonly min: number | null;
      readonly median: number | null;
      readonly average: number | null;
    };
  };
  readonly providers: number;
  readonly max_percent_green: number | null;
  /** At 1,000 kWh a month */
  readonly cheapest_plan_id: string | null;
  /** The cheapest of those with the most green */
  readonly greenest_plan_id: string | null;
  readonly by_term: readonly {
    readonly term_months: number | null;
    readonly plans: number;
    readonly rates_cents_per_kwh: {
      readonly '500': {
        readonly min: number | null;
        readonly median: number | null;
        readonly average: number | null;
      };
      readonly '1000': {
        readonly min: number | null;
        readonly median: number | null;
        readonly average: number | null;
      };
      readonly '2000': {
        readonly min: number | null;
        readonly median: number | null;
        readonly average: number | null;
      };
    };
  }[];
  readonly by_rate_type: readonly {
    readonly rate_type: string | null;
    readonly plans: number;
    readonly rates_cents_per_kwh: {
      readonly '500': {
        readonly min: number | null;
        readonly median: number | null;
        readonly average: number | null;
      };
      readonly '1000': {
        readonly min: number | null;
        readonly median: number | null;
        readonly average: number | null;
      };
      readonly '2000': {
        readonly min: number | null;
        readonly median: number | null;
        readonly average: number | null;
      };
    };
  }[];
};

export type ZipAnswer = {
  readonly data: {
    readonly zip: string;
    readonly city: string;
    readonly county: string;
    readonly lat: number;
    readonly lon: number;
    readonly market: string;
    readonly tdsp_sources: readonly string[];
    readonly utility_sources: readonly string[];
    readonly has_retail_choice: boolean;
    readonly tdsps: readonly Tdsp[];
    readonly utilities: readonly string[];
    readonly note: string | null;
  };
  readonly links: {
    readonly plans?: string;
  };
};

export type TdspList = {
  readonly data: readonly {
    readonly duns: string;
    readonly code: string;
    readonly name: string;
    readonly short_name: string;
    readonly cities: number;
    readonly active_plans: number | null;
    readonly version: number | null;
    readonly as_of: string | null;
    readonly upstream: string | null;
    /** All plans together; null before they were first published and counted */
    readonly market: Market | null;
  }[];
  readonly meta: {
    readonly total: number;
  };
};

export type ProviderList = {
  readonly data: readonly {
    readonly id: string;
    readonly name: string;
    readonly legal_name: string | null;
    readonly puct_number: string | null;
    readonly phone: string | null;
    readonly active_plans: number;
    readonly tdsps: readonly string[];
  }[];
  readonly meta: {
    readonly total: number;
  };
};

export type ProviderAnswer = {
  readonly data: {
    readonly id: string;
    readonly name: string;
    readonly legal_name: string | null;
    readonly puct_number: string | null;
    readonly phone: string | null;
    readonly first_seen_at: string;
    readonly active_plans: number;
    readonly tdsps: readonly {
      readonly tdsp_duns: string;
      readonly short_name: string;
      readonly plans: number;
      readonly min_rate_cents_per_kwh: number | null;
      readonly median_rate_cents_per_kwh: number | null;
    }[];
    readonly activity: {
      readonly last_30_days: {
        /** Offers first seen, without those of the first snapshot of a TDSP */
        readonly listed: number;
        readonly relisted: number;
        readonly withdrawn: number;
        /** Times that an offer got another published rate */
        readonly repriced: number;
        readonly days_with_repricing: number;
      };
      readonly last_90_days: {
        /** Offers first seen, without those of the first snapshot of a TDSP */
        readonly listed: number;
        readonly relisted: number;
        readonly withdrawn: number;
        /** Times that an offer got another published rate */
        readonly repriced: number;
        readonly days_with_repricing: number;
      };
    };
  };
  readonly meta: {
    readonly usage_kwh: number;
    /** Nothing is known of the time before */
    readonly observed_since: string | null;
    /** Whose plans these are; `sandbox` means invented */
    readonly upstream: string;
    readonly notice?: string;
  };
  readonly links: Record<never, never>;
};

export type SearchAnswer = {
  readonly data: {
    readonly cities: readonly {
      readonly slug: string;
      readonly name: string;
      readonly county: string;
      readonly link: string;
    }[];
    readonly providers: readonly {
      readonly id: string;
      readonly name: string;
      readonly active_plans: number;
    }[];
    readonly plans: readonly {
      readonly id: string;
      readonly name: string;
      readonly provider: {
        readonly id: string;
        readonly name: string;
      };
      readonly tdsp_duns: string;
      readonly term_months: number | null;
      /** In so many TDSPs the product is sold; this is its cheapest plan */
      readonly tdsps: number;
      readonly link: string;
    }[];
  };
  readonly meta: {
    readonly q: string;
    /** What was searched for instead, where words were misspelt */
    readonly corrected: string | null;
  };
};

export type Event = {
  /** What a shopper did: looked, left an address, or signed up */
  readonly type: 'search' | 'lead' | 'conversion';
  /** Slug or name of a city with retail choice */
  readonly city: string;
};

export type EventCounted = {
  readonly status: 'counted';
};

export type Liveness = {
  readonly status: 'alive';
};

export type Readiness = {
  readonly status: 'ready' | 'degraded';
  readonly database: 'up' | 'down';
  readonly tdsps: readonly {
    readonly duns: string;
    readonly name: string;
    readonly age_seconds: number;
    readonly stale: boolean;
    readonly version: string;
  }[];
};

/** An OpenAPI 3.1 document */
export type Openapi = { readonly [name: string]: Json };

/** A JSON Schema (2020-12) */
export type EventSchema = { readonly [name: string]: Json };

export type SyncRequest = {
  /** What is synced: what priority cities need, what all need, or what the named cities need */
  readonly kind: 'priority' | 'full' | 'city' | 'emergency';
  /** Slugs, names or ZIP codes; needed with the kinds `city` and `emergency`, and only there */
  readonly cities?: readonly string[];
  /** Even where plans are fresh; true with the kind `emergency` if not given */
  readonly force?: boolean;
};

export type SyncAsked = {
  /** To be followed at /v1/admin/runs/{id} */
  readonly run_id: number;
};

export type Order = {
  /** Why, for the audit log and for `sync:status` */
  readonly reason?: string;
};

export type ControlChanged = {
  readonly state: 'running' | 'stopped';
  /** False where it was so already */
  readonly changed: boolean;
};

export type SyncHalted = {
  readonly state: 'emergency';
  /** False in an emergency that was declared before */
  readonly changed: boolean;
  readonly cancelled_runs: readonly number[];
  readonly cancelled_tdsps: number;
  /** Connections cut off because their process held up the emergency */
  readonly cut_off: number;
};

export type CacheCleared = {
  readonly status: 'cleared';
  readonly tdsps: readonly string[];
};

export type Audit = {
  readonly data: readonly {
    readonly at: string;
    readonly actor: string;
    readonly action: string;
    /** What was asked for; its fields depend on the action */
    readonly details: { readonly [name: string]: Json };
  }[];
  readonly meta: {
    readonly total: number;
  };
};

export type RunAnswer = {
  readonly data: Run;
};

export type Run = {
  readonly id: number;
  readonly kind: string;
  readonly status: 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'stopped' | 'cancelled';
  readonly source: string;
  readonly requested: {
    readonly cities: readonly string[];
    readonly tdsps: readonly string[];
  };
  readonly is_forced: boolean;
  readonly requested_at: string;
  readonly requested_by: string;
  readonly reason: string | null;
  /** Null until a worker has begun */
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly api_calls: number;
  readonly plans: {
    readonly seen: number;
    readonly added: number;
    readonly changed: number;
    readonly unchanged: number;
    readonly deactivated: number;
    readonly rejected: number;
  } | null;
  readonly errors: readonly {
    readonly tdsp_duns: string;
    readonly code: string;
    readonly message: string;
  }[];
  readonly results: readonly {
    readonly tdsp_duns: string;
    readonly status: 'published' | 'unchanged' | 'fresh' | 'shared' | 'held' | 'failed' | 'stopped';
    readonly plans: {
      readonly seen: number;
      readonly added: number;
      readonly changed: number;
      readonly unchanged: number;
      readonly deactivated: number;
      readonly rejected: number;
    } | null;
    readonly version: number | null;
    readonly error_code: string | null;
    readonly message: string | null;
    readonly duration_ms: number;
    readonly finished_at: string;
  }[];
  /** TDSPs that are being worked on */
  readonly claimed: readonly string[];
  /** TDSPs that wait, and until when where they may not begin before */
  readonly waiting: readonly {
    readonly tdsp_duns: string;
    readonly not_before: string | null;
  }[];
};

export type Webhook = {
  readonly name: string;
  /** https, a host on the open internet */
  readonly url: string;
  /** Kinds of events; all if not given */
  readonly events?: readonly ('market_listed' | 'offer_listed' | 'offer_relisted' | 'offer_repriced' | 'offer_terms_changed' | 'offer_details_changed' | 'offer_replaced' | 'offer_withdrawn' | 'delivery_charge_changed' | 'provider_renamed' | 'source_changed' | 'snapshot_published' | 'snapshot_reverted' | 'snapshot_held')[];
  /** DUNS or codes; all if not given */
  readonly tdsps?: readonly string[];
  /** Only what concerns this provider, by its id */
  readonly provider?: string;
  /** Only what concerns this offer */
  readonly offer?: string;
  /** Cents per kWh at 1,000 kWh, up or down */
  readonly min_change?: number;
  /** With the plan as it was after the event */
  readonly include_plan?: boolean;
};

export type WebhookPut = {
  readonly name: string;
  /** It is told what happens after this event */
  readonly seq: number;
  /** Told this once: `whsec_` and base64, as Standard Webhooks writes it */
  readonly secret?: string;
};

export type Webhooks = {
  readonly data: readonly {
    readonly name: string;
    /** Of its address; the rest may hold a secret */
    readonly host: string;
    readonly filter: { readonly [name: string]: Json };
    readonly include_plan: boolean;
    /** Of the last event it was told */
    readonly seq: number;
    readonly state: 'active' | 'paused' | 'disabled';
    readonly why_disabled: string | null;
    readonly created_at: string;
    readonly created_by: string;
    /** In a row */
    readonly failures: number;
    readonly failing_since: string | null;
    /** When it is looked at next, where there is something for it */
    readonly next_at: string;
    readonly deliveries: readonly {
      readonly message_id: string;
      readonly at: string;
      readonly took_ms: number;
      readonly error: string | null;
    }[];
  }[];
};

export type WebhookDone = {
  readonly name: string;
  readonly done: string;
  readonly secret?: string;
  readonly error?: string | null;
};

export type Experiments = {
  readonly data: readonly Experiment[];
  readonly meta: {
    readonly total: number;
  };
};

export type Experiment = {
  readonly id: number;
  readonly source: string;
  /** Written down before it began, and not changed since */
  readonly plan: {
    /** What runs without the experiment */
    readonly a: string;
    readonly b: string;
    readonly seed: number;
    /** In days since 1970 by the clock of Texas */
    readonly first_day: number;
    readonly metric: string;
    readonly baseline_minutes: number;
    readonly noise_minutes: number;
    readonly baseline_days: number;
    readonly least_effect_minutes: number;
    readonly alpha: number;
    readonly power: number;
    readonly pairs_needed: number;
    readonly days_needed: number;
    readonly stop_rule: string;
    readonly guardrails: readonly string[];
  };
  readonly days: readonly {
    readonly day: number;
    readonly minutes: number | null;
    readonly stale_minutes: number;
    readonly changes: number;
    readonly calls: number;
    readonly failed: number;
    /** Why it counts for nothing */
    readonly left_out: string | null;
  }[];
  /** What the days say; null before the first is over */
  readonly standing: {
    readonly pairs: number;
    readonly a: {
      /** Days that count */
      readonly days: number;
      /** Mean minutes from a change to the look that showed it */
      readonly minutes: number | null;
      /** Minutes a day in which a set had changed unseen */
      readonly stale_minutes: number | null;
      /** Calls a day */
      readonly calls: number | null;
    };
    readonly b: {
      /** Days that count */
      readonly days: number;
      /** Mean minutes from a change to the look that showed it */
      readonly minutes: number | null;
      /** Minutes a day in which a set had changed unseen */
      readonly stale_minutes: number | null;
      /** Calls a day */
      readonly calls: number | null;
    };
    /** Minutes of B less those of A */
    readonly difference: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly outcome: string | null;
    readonly reason: string;
  } | null;
  readonly started_at: string;
  readonly started_by: string;
  readonly ended_at: string | null;
  readonly ended_by: string | null;
  readonly outcome: 'better' | 'worse' | 'alike' | 'undecided' | 'harm' | 'stopped' | null;
  readonly reason: string | null;
};

export type Alerts = {
  readonly data: readonly Alert[];
  readonly silences: readonly {
    readonly id: number;
    /** Null: every rule, for this subject */
    readonly rule: string | null;
    /** Null: everything of this rule */
    readonly subject: string | null;
    readonly begins_at: string;
    readonly until: string;
    readonly by: string;
    readonly reason: string;
    readonly ended_at: string | null;
    readonly ended_by: string | null;
  }[];
  readonly channels: readonly {
    readonly channel: string;
    /** Within a day */
    readonly messages: number;
    readonly delivered: number;
    readonly given_up: number;
    readonly waiting: number;
    readonly failing: number;
    readonly last_at: string | null;
    readonly last_took_ms: number | null;
    readonly last_attempts: number | null;
    readonly last_state: string | null;
    readonly last_error: string | null;
  }[];
  readonly meta: {
    readonly total: number;
    readonly rules: number;
    readonly at: string;
  };
};

export type Alert = {
  readonly rule: string;
  /** Empty where the rule does not tell subjects apart */
  readonly subject: string;
  readonly title: string;
  readonly group: string;
  readonly state: 'pending' | 'firing' | 'resolved';
  readonly display: 'firing' | 'acknowledged' | 'silenced' | 'follows' | 'pending' | 'resolved';
  readonly severity: 'ticket' | 'page';
  readonly value: number | null;
  readonly reading: string;
  readonly since: string;
  readonly fired_at: string | null;
  readonly clear_since: string | null;
  readonly resolved_at: string | null;
  readonly told_at: string | null;
  /** The rule it follows from, and is held back for */
  readonly follows: string | null;
  readonly acked_by: string | null;
  readonly acked_at: string | null;
  readonly acked_until: string | null;
  readonly ack_note: string | null;
  readonly runbook: string;
  readonly silence: {
    readonly id: number;
    readonly by: string;
    readonly until: string;
    readonly reason: string;
  } | null;
};

export type AlertEvents = {
  readonly data: readonly {
    readonly id: number;
    readonly at: string;
    readonly rule: string;
    readonly subject: string;
    readonly event: string;
    readonly severity: 'ticket' | 'page';
    readonly reading: string;
    readonly by: string | null;
    readonly note: string | null;
    readonly until: string | null;
  }[];
  readonly meta: {
    readonly total: number;
    readonly from: string;
    readonly to: string;
  };
};

export type AlertAck = {
  /** The rule, as in the list of alerts */
  readonly rule: string;
  /** One subject of the rule; left out, all of them */
  readonly subject?: string;
  /** What others should know */
  readonly note?: string;
  /** How long, such as `90m`; four hours if not given */
  readonly for?: string;
};

export type AlertAcked = {
  readonly until: string;
  readonly alerts: readonly {
    readonly rule: string;
    readonly subject: string;
    readonly severity: 'ticket' | 'page';
    readonly reading: string;
  }[];
};

export type AlertUnack = {
  readonly rule: string;
  /** One subject of the rule; left out, all of them */
  readonly subject?: string;
};

export type AlertsUnacked = {
  readonly ended: number;
};

export type AlertSilence = {
  /** The rule; left out, every rule for the subject */
  readonly rule?: string;
  /** One subject of the rule; left out, all of them */
  readonly subject?: string;
  /** Why nobody is to be told */
  readonly reason: string;
  /** How long, such as `2h`; thirty days at most */
  readonly for: string;
};

export type AlertSilenced = {
  readonly id: number;
  readonly until: string;
};

export type AlertSilenceEnded = {
  readonly id: number;
  /** Null: every rule, for this subject */
  readonly rule: string | null;
  /** Null: everything of this rule */
  readonly subject: string | null;
  readonly begins_at: string;
  readonly until: string;
  readonly by: string;
  readonly reason: string;
  readonly ended_at: string | null;
  readonly ended_by: string | null;
};

/** What each operation takes and answers. */
export interface Operations {
  /** Plans at a place: filtered, sorted, counted, page by page. `/v1/plans` */
  listPlans: {
    input: {
      /** Slug or name of a Texas city: `dallas-tx`, `Fort Worth`. Exactly one of `city`, `zip` and `tdsp` has to be given. */
      readonly city?: string;
      /** Texas ZIP code of five digits; four more after a hyphen do no harm. Exactly one of `city`, `zip` and `tdsp` has to be given. */
      readonly zip?: string;
      /** DUNS or code of a TDSP: `1039940674000`, `ONCOR`. Exactly one of `city`, `zip` and `tdsp` has to be given. */
      readonly tdsp?: string;
      /** Contract length in months; 1 is month to month. Several, separated by commas, match any of them. */
      readonly term?: readonly number[];
      /** Shortest contract in months. */
      readonly min_term?: number;
      /** Longest contract in months. */
      readonly max_term?: number;
      /** Least renewable content in percent. */
      readonly min_green?: number;
      /** Kind of rate. Several, separated by commas, match any of them. */
      readonly rate_type?: readonly ('fixed' | 'variable' | 'indexed')[];
      /** Id or name of a provider: `txu-energy`. Several, separated by commas, match any of them. */
      readonly provider?: readonly string[];
      /** Only prepaid plans, or none of them. */
      readonly prepaid?: boolean;
      /** Only plans whose price depends on the hour, or none of them. */
      readonly time_of_use?: boolean;
      /** Highest rate in cents per kWh at the asked usage. */
      readonly max_rate?: number;
      /** Usage in kWh a month, at which rates and bills are compared; 1000 if not given. */
      readonly usage?: number;
      /** Usage through a year, for the cost of the next twelve months: `house` (the average Texas home), `apartment`, `large`, or twelve numbers in kWh from January to December, with commas between them. */
      readonly profile?: string;
      /** What comes first; `-` in front reverses. Rate and bill are compared at the asked usage, the year at the profile (`house` if none is given), and an estimate never ranks above a known bill. With a profile it is `year` if not given. */
      readonly sort?: 'rate' | '-rate' | 'bill' | '-bill' | 'year' | '-year' | 'term' | '-term' | 'green' | '-green' | 'provider' | '-provider';
      /** Plans on a page; 20 if not given. */
      readonly limit?: number;
      /** Where the page before ended: taken from its `links.next`. */
      readonly cursor?: string;
      /** Words that all occur in the name of the plan or the provider. */
      readonly q?: string;
      /** The plans as they were at this time, instead of those of now; not in the future, nor before the first sync. ISO 8601 with its zone. */
      readonly as_of?: string;
    };
    answer: PlanList;
  };
  /** One plan, by its id or by that of its offer. `/v1/plans/{id}` */
  getPlan: {
    input: {
      /** The `id` of a plan, or the `offer_id` that stays when it is re-priced. */
      readonly id: string;
      /** Usage in kWh a month, for which the bill is told; 1000 if not given. */
      readonly usage?: number;
      /** Usage through a year, for the cost of the next twelve months: `house` (the average Texas home), `apartment`, `large`, or twelve numbers in kWh from January to December, with commas between them. */
      readonly profile?: string;
      /** The plans as they were at this time, instead of those of now; not in the future, nor before the first sync. ISO 8601 with its zone. */
      readonly as_of?: string;
    };
    answer: PlanAnswer;
  };
  /** What happened to a plan through all its re-pricings, and what it cost meanwhile. `/v1/plans/{id}/history` */
  getPlanHistory: {
    input: {
      /** The `id` of a plan, or the `offer_id` that stays when it is re-priced. */
      readonly id: string;
      /** Tell the lowest rate of the last so many days in `meta.lowest`. */
      readonly lowest_in_days?: number;
      /** Usage in kWh a month for which the lowest rate is told. 1000 if not given. */
      readonly usage?: 500 | 1000 | 2000;
      /** Events on a page, the newest first; 200 if not given. */
      readonly limit?: number;
      /** Where the page before ended: taken from its `links.next`. */
      readonly cursor?: string;
    };
    answer: History;
  };
  /** How many plans a TDSP had and what they cost, by day, week or month in America/Chicago. `/v1/markets/{duns}/index` */
  getMarketIndex: {
    input: {
      /** DUNS or code of a TDSP. */
      readonly duns: string;
      /** First day; a range of 30 days, 26 weeks or a year if not given. YYYY-MM-DD in America/Chicago. */
      readonly from?: string;
      /** Last day; today if not given. YYYY-MM-DD in America/Chicago. */
      readonly to?: string;
      /** How long a bucket is: `day` (if not given), `week` from Monday, or `month`. */
      readonly by?: 'day' | 'week' | 'month';
      /** Only plans of this contract length in months; all if not given. */
      readonly term?: number;
      /** Only plans of this kind of rate; all if not given. */
      readonly rate_type?: 'fixed' | 'variable' | 'indexed';
      /** Usage in kWh a month at which rates are compared. 1000 if not given. */
      readonly usage?: 500 | 1000 | 2000;
    };
    answer: MarketIndex;
  };
  /** What was listed, changed, withdrawn and relisted at a TDSP, oldest first. `/v1/markets/{duns}/changes` */
  listMarketChanges: {
    input: {
      /** DUNS or code of a TDSP. */
      readonly duns: string;
      /** What happened after this: a version, as in the `version` of a change or of a plan list of this TDSP, or a time with its zone. 0 is everything; the last 24 hours if not given. */
      readonly since?: string;
      /** Where the page before ended: taken from its `links.next`. */
      readonly cursor?: string;
      /** Changes on a page, the oldest first; 100 if not given. */
      readonly limit?: number;
    };
    answer: MarketChanges;
  };
  /** What happened in all markets, oldest first: the event log. `/v1/changes` */
  listEvents: {
    input: {
      /** What happened after this: the `seq` of the last event you have, or a time with its zone. 0 is everything; the last 24 hours if not given. */
      readonly since?: string;
      /** DUNS or code of a TDSP; all if not given. Several, separated by commas, match any of them. */
      readonly tdsp?: readonly string[];
      /** Kind of event; all if not given. Several, separated by commas, match any of them. */
      readonly event?: readonly ('market_listed' | 'offer_listed' | 'offer_relisted' | 'offer_repriced' | 'offer_terms_changed' | 'offer_details_changed' | 'offer_replaced' | 'offer_withdrawn' | 'delivery_charge_changed' | 'provider_renamed' | 'source_changed' | 'snapshot_published' | 'snapshot_reverted' | 'snapshot_held')[];
      /** Only what concerns this provider, by its id. */
      readonly provider?: string;
      /** Only what concerns this offer: the `offer_id` of a plan. */
      readonly offer?: string;
      /** Only what moved a rate at 1,000 kWh by as many cents per kWh, up or down. */
      readonly min_change?: number;
      /** `plan`: each event with the plan as it was after it. */
      readonly include?: 'plan';
      /** Events on a page, the oldest first; 100 if not given. */
      readonly limit?: number;
    };
    answer: EventList;
  };
  /** Files with the plans, events and rates of each day and month, the newest first. `/v1/exports` */
  listExports: {
    input: {
      /** Exports on a page; 31 if not given. */
      readonly limit?: number;
      /** Those before this one: taken from `links.next`. */
      readonly before?: string;
    };
    answer: ExportList;
  };
  /** Cities with retail choice. `/v1/cities` */
  listCities: {
    input: {
      /** DUNS or code of a TDSP that serves the city. */
      readonly tdsp?: string;
      /** 1: the 200 most populous; 2: the next 300; 3: all others. */
      readonly tier?: number;
      /** How the name of the city begins. */
      readonly q?: string;
      /** Cities on a page; 50 if not given. */
      readonly limit?: number;
      /** Slug of the last city of the page before, taken from its `links.next`. */
      readonly cursor?: string;
    };
    answer: CityList;
  };
  /** A city and who serves it. `/v1/cities/{slug}` */
  getCity: {
    input: {
      /** Slug or name of a Texas city. */
      readonly slug: string;
    };
    answer: CityAnswer;
  };
  /** A ZIP code and who serves it. `/v1/zips/{zip}` */
  getZip: {
    input: {
      /** Texas ZIP code of five digits; four more after a hyphen do no harm. */
      readonly zip: string;
    };
    answer: ZipAnswer;
  };
  /** The six wires companies and how fresh their plans are. `/v1/tdsps` */
  listTdsps: {
    input: Record<never, never>;
    answer: TdspList;
  };
  /** Providers that sell something now. `/v1/providers` */
  listProviders: {
    input: Record<never, never>;
    answer: ProviderList;
  };
  /** One provider: what it sells where, and how often it lists, withdraws and re-prices. `/v1/providers/{id}` */
  getProvider: {
    input: {
      /** Id or name of a provider. */
      readonly id: string;
      /** Usage in kWh a month at which rates are compared. 1000 if not given. */
      readonly usage?: 500 | 1000 | 2000;
    };
    answer: ProviderAnswer;
  };
  /** Cities, providers and what they sell, ranked, as you type. `/v1/search` */
  search: {
    input: {
      /** What is looked for, as far as it is typed: `gex`, `relient energy`, `"free nights" -prepaid`. Misspelt words are corrected where nothing is found as it stands. */
      readonly q: string;
      /** Most hits of each kind; 10 if not given. */
      readonly limit?: number;
    };
    answer: SearchAnswer;
  };
  /** Tell what a shopper did in a city. `/v1/events` */
  recordEvent: {
    input: {
      readonly body: Event;
    };
    answer: EventCounted;
  };
  /** The process lives. `/healthz` */
  checkHealth: {
    input: Record<never, never>;
    answer: Liveness;
  };
  /** Plans of all TDSPs can be answered. `/readyz` */
  checkReadiness: {
    input: Record<never, never>;
    answer: Readiness;
  };
  /** This description. `/openapi.json` */
  getOpenapi: {
    input: Record<never, never>;
    answer: Openapi;
  };
  /** Ask for a sync. `/v1/admin/sync` */
  startSync: {
    input: {
      readonly body: SyncRequest;
    };
    answer: SyncAsked;
  };
  /** Let running syncs finish and start no more. `/v1/admin/sync/stop` */
  stopSync: {
    input: {
      readonly body?: Order;
    };
    answer: ControlChanged;
  };
  /** Let syncs start again. `/v1/admin/sync/resume` */
  resumeSync: {
    input: {
      readonly body?: Order;
    };
    answer: ControlChanged;
  };
  /** Halt all syncs at once. `/v1/admin/sync/emergency` */
  haltSync: {
    input: {
      readonly body?: Order;
    };
    answer: SyncHalted;
  };
  /** Make every process forget plan sets. `/v1/admin/cache` */
  clearCache: {
    input: {
      /** A city, a ZIP code, or a TDSP by code or DUNS; all of them if not given. */
      readonly place?: string;
    };
    answer: CacheCleared;
  };
  /** Who told the program to do what, newest first. `/v1/admin/audit` */
  listAudit: {
    input: {
      /** Most entries; 50 if not given. */
      readonly limit?: number;
    };
    answer: Audit;
  };
  /** One run, and how far it is. `/v1/admin/runs/{id}` */
  getRun: {
    input: {
      /** The `run_id` of what was asked for. */
      readonly id: number;
    };
    answer: RunAnswer;
  };
  /** Have events sent to an address. `/v1/admin/webhooks` */
  putWebhook: {
    input: {
      readonly body: Webhook;
    };
    answer: WebhookPut;
  };
  /** Who is told what happens, how far, and how the last deliveries went. `/v1/admin/webhooks` */
  listWebhooks: {
    input: Record<never, never>;
    answer: Webhooks;
  };
  /** Give a webhook a new secret. `/v1/admin/webhooks/{name}/rotate` */
  rotateWebhookSecret: {
    input: {
      /** Name of a webhook. */
      readonly name: string;
    };
    answer: WebhookDone;
  };
  /** Send a webhook a message of no meaning, at once. `/v1/admin/webhooks/{name}/test` */
  testWebhook: {
    input: {
      /** Name of a webhook. */
      readonly name: string;
    };
    answer: WebhookDone;
  };
  /** Send everything after an event once more. `/v1/admin/webhooks/{name}/replay` */
  replayWebhook: {
    input: {
      /** Name of a webhook. */
      readonly name: string;
      /** The `seq` after which all is sent again. */
      readonly since: number;
    };
    answer: WebhookDone;
  };
  /** Send nothing there until it is resumed. `/v1/admin/webhooks/{name}/pause` */
  pauseWebhook: {
    input: {
      /** Name of a webhook. */
      readonly name: string;
    };
    answer: WebhookDone;
  };
  /** Go on sending, also to one that was disabled. `/v1/admin/webhooks/{name}/resume` */
  resumeWebhook: {
    input: {
      /** Name of a webhook. */
      readonly name: string;
    };
    answer: WebhookDone;
  };
  /** Send nothing there any more. `/v1/admin/webhooks/{name}` */
  deleteWebhook: {
    input: {
      /** Name of a webhook. */
      readonly name: string;
    };
    answer: WebhookDone;
  };
  /** Refresh strategies tried against each other by the day, the newest first. `/v1/admin/experiments` */
  listExperiments: {
    input: {
      /** Most experiments; 20 if not given. */
      readonly limit?: number;
    };
    answer: Experiments;
  };
  /** What fires, and who knows of it. `/v1/admin/alerts` */
  listAlerts: {
    input: Record<never, never>;
    answer: Alerts;
  };
  /** What fired, resolved, was acknowledged and silenced. `/v1/admin/alerts/history` */
  listAlertEvents: {
    input: {
      /** Only events of this rule. */
      readonly rule?: string;
      /** How many days back; 7 if not given. */
      readonly days?: number;
      /** Most events; 200 if not given. */
      readonly limit?: number;
    };
    answer: AlertEvents;
  };
  /** Say that somebody is at it. `/v1/admin/alerts/ack` */
  acknowledgeAlert: {
    input: {
      readonly body: AlertAck;
    };
    answer: AlertAcked;
  };
  /** Take acknowledgements back. `/v1/admin/alerts/unack` */
  unacknowledgeAlert: {
    input: {
      readonly body: AlertUnack;
    };
    answer: AlertsUnacked;
  };
  /** Tell nobody for a while. `/v1/admin/alerts/silences` */
  silenceAlert: {
    input: {
      readonly body: AlertSilence;
    };
    answer: AlertSilenced;
  };
  /** End a silence before its time. `/v1/admin/alerts/silences/{id}` */
  endAlertSilence: {
    input: {
      /** The number of the silence. */
      readonly id: number;
    };
    answer: AlertSilenceEnded;
  };
}

/** Method and path of each operation. */
export const OPERATIONS: { readonly [Name in keyof Operations]: string } = {
  listPlans: 'GET /v1/plans',
  getPlan: 'GET /v1/plans/{id}',
  getPlanHistory: 'GET /v1/plans/{id}/history',
  getMarketIndex: 'GET /v1/markets/{duns}/index',
  listMarketChanges: 'GET /v1/markets/{duns}/changes',
  listEvents: 'GET /v1/changes',
  listExports: 'GET /v1/exports',
  listCities: 'GET /v1/cities',
  getCity: 'GET /v1/cities/{slug}',
  getZip: 'GET /v1/zips/{zip}',
  listTdsps: 'GET /v1/tdsps',
  listProviders: 'GET /v1/providers',
  getProvider: 'GET /v1/providers/{id}',
  search: 'GET /v1/search',
  recordEvent: 'POST /v1/events',
  checkHealth: 'GET /healthz',
  checkReadiness: 'GET /readyz',
  getOpenapi: 'GET /openapi.json',
  startSync: 'POST /v1/admin/sync',
  stopSync: 'POST /v1/admin/sync/stop',
  resumeSync: 'POST /v1/admin/sync/resume',
  haltSync: 'POST /v1/admin/sync/emergency',
  clearCache: 'DELETE /v1/admin/cache',
  listAudit: 'GET /v1/admin/audit',
  getRun: 'GET /v1/admin/runs/{id}',
  putWebhook: 'POST /v1/admin/webhooks',
  listWebhooks: 'GET /v1/admin/webhooks',
  rotateWebhookSecret: 'POST /v1/admin/webhooks/{name}/rotate',
  testWebhook: 'POST /v1/admin/webhooks/{name}/test',
  replayWebhook: 'POST /v1/admin/webhooks/{name}/replay',
  pauseWebhook: 'POST /v1/admin/webhooks/{name}/pause',
  resumeWebhook: 'POST /v1/admin/webhooks/{name}/resume',
  deleteWebhook: 'DELETE /v1/admin/webhooks/{name}',
  listExperiments: 'GET /v1/admin/experiments',
  listAlerts: 'GET /v1/admin/alerts',
  listAlertEvents: 'GET /v1/admin/alerts/history',
  acknowledgeAlert: 'POST /v1/admin/alerts/ack',
  unacknowledgeAlert: 'POST /v1/admin/alerts/unack',
  silenceAlert: 'POST /v1/admin/alerts/silences',
  endAlertSilence: 'DELETE /v1/admin/alerts/silences/{id}',
};
