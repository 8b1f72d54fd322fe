/** What is said about a place: who sells there, who may choose, and how to tell. Nothing here that the files do not say. */

import type { Territory } from './territory.ts';

/** A place with choice near one without. */
export interface NearPlace {
  slug: string;
  name: string;
  /** As the crow flies. */
  distance_miles: number;
}

const MOST_ZIPS_NAMED = 8;
const MOST_NEAREST_NAMED = 3;
const OUTSIDE_THE_MARKET =
  'Cities and cooperatives that own their wires, and some areas outside the Texas grid, are not part of the competitive market.';

export interface ClosedFacts {
  /** `San Antonio`, `ZIP code 78201 (San Antonio)`. */
  name: string;
  town: string;
  slug: string;
  utilities: readonly string[];
  nearest: readonly NearPlace[];
}

/** A place where no TDSP is known. */
export function closedExplanation(territory: Territory, facts: ClosedFacts): string {
  const { name, utilities, nearest } = facts;
  const own = territory.ownUtility(facts.slug, utilities);
  const others = utilities.filter((one) => one !== own);
  const has = `${name} has no choice of electricity plans`;
  const parts =
    own !== null
      ? [
          `${has}: ${own}, the city's own utility, sells the electricity there.`,
          ...(others.length > 0 ? [`Some addresses may belong to ${either(others)} instead.`] : []),
        ]
      : utilities.length === 0
        ? [`${has}. We do not know which utility serves it; your bill names it.`]
        : utilities.length === 1
          ? [`${has}: ${utilities[0]} sells the electricity there.`]
          : [`${has}: ${either(utilities)} sells the electricity there. Your bill names yours.`];
  return [...parts, OUTSIDE_THE_MARKET, ...nearestSentence(nearest)].join(' ');
}

/** A place none of whose plans are listed here, although some of its people may choose. */
export function notListedExplanation(territory: Territory, facts: ClosedFacts): string {
  const { name, utilities, nearest } = facts;
  const open = utilities.filter((one) => territory.utility(one).hasChoice);
  const closed = utilities.filter((one) => !territory.utility(one).hasChoice);
  return [
    `No plans for ${name} are listed here.`,
    optedInSentence('Addresses', open),
    ...(closed.length > 0
      ? [`Those served by ${either(closed)} have no choice; your bill names the company that delivers.`]
      : []),
    ...nearestSentence(nearest),
  ].join(' ');
}

interface OpenFacts {
  /** `Austin`, `ZIP code 78717`. */
  name: string;
  /** The town it is, or lies in. */
  town: string;
  slug: string;
  tdsps: readonly string[];
  utilities: readonly string[];
  /** Its ZIP codes with a TDSP, where others have none. */
  partlyOpen: readonly string[] | null;
  /** Sources disagree about the TDSP. */
  isDisputed: boolean;
}

/** A place where offers exist; `null` where there is nothing to explain. */
export function openNote(territory: Territory, facts: OpenFacts): string | null {
  const { name, town, tdsps, utilities, partlyOpen } = facts;
  const own = territory.ownUtility(facts.slug, utilities);
  const open = utilities.filter((one) => territory.utility(one).hasChoice);
  const others = utilities.filter((one) => one !== own && !open.includes(one));
  const wires = tdsps.map((duns) => territory.tdsp(duns)?.short_name ?? duns);
  const parts: string[] = [];
  if (partlyOpen !== null) {
    const where =
      partlyOpen.length <= MOST_ZIPS_NAMED
        ? `ZIP codes ${partlyOpen.join(', ')}`
        : `${partlyOpen.length} of its ZIP codes`;
    parts.push(`Only a part of ${name} has a choice of plans (${where}).`);
  }
  if (own !== null) {
    parts.push(
      name === town
        ? `${name} has its own utility, ${own}, whose customers have no choice of plans: only addresses that ${either([...wires, ...open])} serves can choose.`
        : `A part of ${name} may be served by ${own}, ${town}'s own utility, whose customers have no choice of plans: the address decides.`,
    );
  }
  if (others.length > 0) {
    parts.push(
      `Some addresses in ${name} may belong to ${either(others)}, which offers no choice of plans: the address decides.`,
    );
  }
  if (open.length > 0) parts.push(optedInSentence(`Some addresses in ${name}`, open));
  if (tdsps.length > 1) {
    parts.push(`${name} is served by ${wires.join(' and ')}: the address decides which plans it can get.`);
  }
  if (facts.isDisputed) {
    parts.push(
      `Sources disagree about ${name}: the state's own site showed no plans there, other lists name ${either(wires)}.`,
    );
  }
  return parts.length === 0 ? null : [...parts, howToTell(territory, tdsps)].join(' ');
}

/** Customers of other utilities have no ESI ID of a TDSP, so the bill or the ID decides. */
function howToTell(territory: Territory, tdsps: readonly string[]): string {
  const ids = tdsps.map(
    (duns) =>
      `${territory.tdsp(duns)?.short_name ?? duns} if it begins with ${territory.esiPrefixes(duns).join(' or ')}`,
  );
  return `How to tell: your bill names the company that delivers your electricity, and your ESI ID belongs to ${ids.join(', to ')}.`;
}

const optedInSentence = (subject: string, utilities: readonly string[]): string =>
  `${subject} may belong to ${either(utilities)}, whose members choose a provider too; plans for its wires are not listed here.`;

function nearestSentence(nearest: readonly NearPlace[]): string[] {
  if (nearest.length === 0) return [];
  const named = nearest
    .slice(0, MOST_NEAREST_NAMED)
    .map(({ name, distance_miles }) => `${name} (${distance_miles} miles)`);
  return [`The nearest places with a choice of plans are ${named.join(', ')}.`];
}

const either = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
