/** Utilities beside the TDSPs: their names, whether their customers choose, the town that owns them, and their ZIP codes. */

export type Row = Record<string, string>;

export interface Utility {
  name: string;
  kind: 'municipal' | 'investor_owned' | 'cooperative';
  /** Its customers choose a provider, though it is not one of the six TDSPs. */
  choice: boolean;
  /** Slug of the town that owns it, empty for others. */
  home: string;
  sources: string[];
}

export interface Utilities {
  all: Utility[];
  byName: ReadonlyMap<string, Utility>;
  /** Of a ZIP code, municipal ones first. */
  in: (zip: string) => string[];
  /** Where it is known from that they serve a ZIP code: `nrel`, `puct`. */
  sourcesOf: (zip: string) => string[];
}

/** Names people know, for investor-owned utilities that the sources list by their legal name. */
const KNOWN_AS: Record<string, string> = {
  'El Paso Electric Co': 'El Paso Electric',
  'Southwestern Public Service Co': 'Xcel Energy (Southwestern Public Service)',
  'Southwestern Electric Power Co': 'SWEPCO (Southwestern Electric Power)',
};
const KINDS: Record<string, Utility['kind']> = {
  Municipal: 'municipal',
  'Investor Owned': 'investor_owned',
  Cooperative: 'cooperative',
};
const KIND_ORDER = Object.values(KINDS);

export const slugOf = (name: string): string =>
  `${name
    .toLowerCase()
    .replace(/['.]/g, '')
    .replace(/[^a-z0-9]+/g, '-')}-tx`;

function listedName(raw: string): string {
  const name = raw
    .replace(/ - \(TX\)| \(TX\)/g, '')
    .replace(/,? Inc\.?$/, '')
    .replaceAll(',', '')
    .replace(/\bElec\b/, 'Electric')
    .trim();
  return KNOWN_AS[name] ?? name;
}

/**
 * Joins the list of utilities by ZIP code with that of city-owned ones, by their EIA number. Rows of certainty L are
 * guesses and left out. A city-owned utility whose customers choose is a TDSP and not another utility (Lubbock).
 */
export function joinUtilities(listed: Row[], cityUtilities: Row[]): Utilities {
  const known = cityUtilities.filter(({ certainty }) => certainty !== 'L');
  const municipal = known.filter(({ kind }) => kind === 'municipal');
  const wiresCompanies = new Set(
    municipal.filter((row) => row.has_retail_choice === 'yes').map((row) => row.eia_id!),
  );
  const owned = new Map(
    municipal.filter((row) => !wiresCompanies.has(row.eia_id!)).map((row) => [row.eia_id!, row]),
  );
  const optedIn = new Set(
    known.filter(({ kind }) => kind === 'coop_with_choice').map(({ eia_id }) => eia_id!),
  );

  const byName = new Map<string, Utility>();
  const zips = new Map<string, Set<string>>();
  const sources = new Map<string, Set<string>>();
  const add = (zip: string, utility: Utility, source: string) => {
    const one = byName.get(utility.name) ?? utility;
    byName.set(one.name, one);
    if (!one.sources.includes(source)) one.sources.push(source);
    zips.set(zip, (zips.get(zip) ?? new Set()).add(one.name));
    sources.set(zip, (sources.get(zip) ?? new Set()).add(source));
  };
  const cityOwned = (row: Row): Utility => ({
    name: row.utility!.replaceAll(',', ''),
    kind: 'municipal',
    choice: false,
    home: slugOf(row.city!),
    sources: [],
  });

  for (const row of listed) {
    if (wiresCompanies.has(row.eia_id!)) continue;
    const owner = owned.get(row.eia_id!);
    const utility: Utility = owner
      ? cityOwned(owner)
      : {
          name: listedName(row.utility!),
          kind: KINDS[row.ownership!]!,
          choice: optedIn.has(row.eia_id!),
          home: '',
          sources: optedIn.has(row.eia_id!) ? ['nec'] : [],
        };
    add(row.zip!, utility, 'nrel');
  }
  for (const owner of owned.values()) {
    for (const zip of owner.zips!.split('|')) add(zip, cityOwned(owner), 'puct');
  }
  for (const one of byName.values()) one.sources.sort();

  const order = (name: string) => KIND_ORDER.indexOf(byName.get(name)!.kind);
  return {
    all: [...byName.values()],
    byName,
    in: (zip) => [...(zips.get(zip) ?? [])].sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1)),
    sourcesOf: (zip) => [...(sources.get(zip) ?? [])].sort(),
  };
}
