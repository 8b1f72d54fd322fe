/**
 * Which sets to look at now, by each strategy. Pure: what was seen of each set and the time go in, sets with reasons come
 * out. Who calls it keeps the budget; a look that fails changes nothing here, so that it is never taken for "no change".
 */

import type { Config } from '../../config.ts';
import { HOUR_MS } from '../../units.ts';
import { localDay, localMinute, MINUTE_MS } from './calendar.ts';
import type { RefreshModel } from './model.ts';
import type { Timetable } from './timetable.ts';

export type Strategy = Config['refresh']['strategy'];

export interface SeenSet {
  /** When the upstream last confirmed its plans; `null`: never. Only an answer counts. */
  lookedAt: number | null;
  /** When a look last found it changed; `null`: not since that is known. */
  movedAt: number | null;
}

export interface DueLook {
  set: number;
  /** `floor` goes before everything, whatever the model says. */
  kind: 'floor' | 'follow' | 'planned' | 'second';
  reason: string;
}

export interface PolicyInput {
  now: number;
  seen: readonly SeenSet[];
  names: readonly string[];
  /** No set gets older than this, milliseconds: what its tier promises. */
  floorsMs: readonly number[];
}

/** A set that has moved means nothing for the others after this. */
const FOLLOW_MS = 6 * HOUR_MS;
const CENSUS_MINUTES = 10;

function floors({ now, seen, names, floorsMs }: PolicyInput): DueLook[] {
  return seen.flatMap(({ lookedAt }, set): DueLook[] => {
    if (lookedAt !== null && now - lookedAt < floorsMs[set]!) return [];
    const reason =
      lookedAt === null
        ? `${names[set]} was never looked at`
        : `${names[set]} is ${minutesOf(now - lookedAt)} old, its tier promises ${minutesOf(floorsMs[set]!)}`;
    return [{ set, kind: 'floor', reason }];
  });
}

const minutesOf = (ms: number): string => `${Math.round(ms / MINUTE_MS)} min`;

/** The floors first; each set once. */
function withFloors(input: PolicyInput, more: readonly DueLook[]): DueLook[] {
  const due = floors(input);
  for (const look of more) if (!due.some(({ set }) => set === look.set)) due.push(look);
  return due;
}

/** Every set at the same distance, one after the other. @param callsAnHour of all sets */
export function evenLooks(input: PolicyInput, callsAnHour: number): DueLook[] {
  const { now, seen, names } = input;
  if (callsAnHour <= 0) return floors(input);
  const every = (seen.length / callsAnHour) * HOUR_MS;
  const more = seen.flatMap(({ lookedAt }, set): DueLook[] => {
    // Turns are cut into time itself, so that a late look moves none of those behind it.
    const shift = (every * set) / seen.length;
    const turn = Math.floor((now - shift) / every) * every + shift;
    if (lookedAt !== null && lookedAt >= turn) return [];
    return [{ set, kind: 'planned', reason: `${names[set]} is due every ${minutesOf(every)}` }];
  });
  return withFloors(input, more);
}

/** Every set each ten minutes: the truth that other strategies are scored on. */
export const censusLooks = (input: PolicyInput): DueLook[] =>
  evenLooks(input, (input.seen.length * 60) / CENSUS_MINUTES);

/**
 * One set often, the others when it moves.
 * @param everyMinutes between two looks at the sentinel
 */
export function sentinelLooks(input: PolicyInput, sentinel: number, everyMinutes: number): DueLook[] {
  const { now, seen, names } = input;
  const every = everyMinutes * MINUTE_MS;
  // Three minutes after the turn: jobs upstream begin on it.
  const turn = Math.floor((now - 3 * MINUTE_MS) / every) * every + 3 * MINUTE_MS;
  const { lookedAt, movedAt } = seen[sentinel]!;
  const more: DueLook[] = [];
  if (lookedAt === null || lookedAt < turn) {
    more.push({
      set: sentinel,
      kind: 'planned',
      reason: `${names[sentinel]} is the sentinel, every ${everyMinutes} min`,
    });
  }
  for (const [set, other] of seen.entries()) {
    if (set === sentinel || !isOpen(movedAt, other.lookedAt, now)) continue;
    more.push({ set, kind: 'follow', reason: `${names[sentinel]} has moved` });
  }
  return withFloors(input, more);
}

/** Distances of which some look comes three minutes after each quarter hour. */
const SENTINEL_STEPS = [3, 5, 7.5, 15, 30, 60];

/** How often the sentinel can be looked at with a number of calls an hour: each time it has moved, all others are looked at as well. */
export function sentinelMinutes({ rates }: RefreshModel, sentinel: number, callsAnHour: number): number {
  const hours = rates[sentinel]!;
  const callsAt = (minutes: number) => {
    const looks = 60 / minutes;
    const hits = hours.reduce((sum, rate) => sum - looks * Math.expm1(-rate / looks), 0) / hours.length;
    return looks + hits * (rates.length - 1);
  };
  return SENTINEL_STEPS.find((minutes) => callsAt(minutes) <= callsAnHour) ?? 60;
}

/** Something moved since we last looked here, and not long ago. */
const isOpen = (movedAt: number | null, lookedAt: number | null, now: number): movedAt is number =>
  movedAt !== null && now - movedAt < FOLLOW_MS && (lookedAt === null || lookedAt < movedAt);

/** By the model: at the times of the table, and at once where the move of another set makes a call worth its price. */
export function learnedLooks(
  input: PolicyInput,
  model: RefreshModel,
  table: Timetable,
  weights: readonly number[],
): DueLook[] {
  const { now, seen, names } = input;
  const more: DueLook[] = [];
  for (const [set, { lookedAt }] of seen.entries()) {
    const cause = bestCause(input, model, set);
    if (cause) {
      const minutes = Math.min(FOLLOW_MS, nextLook(table, set, now) - now) / MINUTE_MS;
      const worth = cause.chance * minutes * weights[set]!;
      if (worth >= table.price) {
        const odds = `moves with ${names[cause.set]} in ${Math.round(cause.chance * 100)} of 100 cases`;
        const saved = `a call saves ${worth.toFixed(0)} change-minutes and costs ${table.price.toFixed(1)}`;
        more.push({ set, kind: 'follow', reason: `${names[set]} ${odds}: ${saved}` });
        continue;
      }
    }
    const planned = lastLook(table, set, now);
    if (planned !== null && (lookedAt === null || lookedAt < planned)) {
      const role = set === table.sentinel ? 'the sentinel' : 'itself';
      more.push({
        set,
        kind: 'planned',
        reason: `${names[set]} is planned for ${clockOf(planned)} as ${role}`,
      });
    } else if (isSecond(set, table, input)) {
      more.push({ set, kind: 'second', reason: `${names[set]} is today's second sentinel` });
    }
  }
  return withFloors(input, more);
}

function bestCause({ seen, now }: PolicyInput, { links }: RefreshModel, set: number) {
  let best: { set: number; chance: number } | null = null;
  for (const [other, { movedAt }] of seen.entries()) {
    if (other === set || !isOpen(movedAt, seen[set]!.lookedAt, now)) continue;
    const chance = links[other]![set]!;
    if (!best || chance > best.chance) best = { set: other, chance };
  }
  return best;
}

/** How many looks of a set lie at or before a moment. */
function looksUntil(looks: readonly number[], now: number): number {
  let [low, high] = [0, looks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (looks[middle]! <= now) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const nextLook = ({ looks, until }: Timetable, set: number, now: number): number =>
  looks[set]![looksUntil(looks[set]!, now)] ?? until;

const lastLook = ({ looks }: Timetable, set: number, now: number): number | null =>
  looks[set]![looksUntil(looks[set]!, now) - 1] ?? null;

/** Against blindness: once a day another set, at another time of the working day, by chance that anybody can repeat. */
function isSecond(set: number, { sentinel }: Timetable, { now, seen }: PolicyInput): boolean {
  const day = localDay(now);
  const others = seen.length - 1;
  if (others < 1) return false;
  const chance = ((Math.imul(day + 1, 2_654_435_761) >>> 8) & 0xffff) / 0x10000;
  const pick = Math.floor(chance * others);
  if (set !== (pick >= sentinel ? pick + 1 : pick)) return false;
  const minute = 8 * 60 + Math.floor(((chance * others) % 1) * 600);
  const since = (localMinute(now) - minute) * MINUTE_MS;
  return since >= 0 && since < HOUR_MS && (seen[set]!.lookedAt ?? 0) < now - since;
}

const clockOf = (ms: number): string => {
  const minute = localMinute(ms);
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')} Central`;
};
