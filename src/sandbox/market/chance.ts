/**
 * Chance without a state: every draw is a hash of what it is about (seed, offer, day), so any day can be computed
 * on its own, in any process and in any order. A sequential generator would have to be replayed from its start.
 */

/** Turns the name of a question ("which term?") into a number, so that two questions never share their draws. */
export function stream(name: string): number {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash | 0;
}

/**
 * A well mixed unsigned 32-bit number for up to five integers (MurmurHash3). A fixed number of parameters: one plan
 * set takes some 40,000 draws, and a list of arguments for each would double the time of a first request.
 */
export function hash32(a: number, b = 0, c = 0, d = 0, e = 0): number {
  let hash = mix(mix(mix(mix(mix(0x9747b28c, a), b), c), d), e);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix(hash: number, part: number): number {
  let k = Math.imul(part, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const mixed = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** Uniform in [0, 1). */
export function unit(a: number, b = 0, c = 0, d = 0, e = 0): number {
  return hash32(a, b, c, d, e) / 0x1_0000_0000;
}

/** One of the choices, each as often as its weight says. `u` is uniform in [0, 1). */
export function weighted<T>(u: number, choices: readonly (readonly [T, number])[]): T {
  const sum = choices.reduce((total, [, weight]) => total + weight, 0);
  let left = u * sum;
  for (const [choice, weight] of choices) {
    left -= weight;
    if (left < 0) return choice;
  }
  return choices.at(-1)![0];
}

export function pick<T>(u: number, choices: readonly T[]): T {
  return choices[Math.floor(u * choices.length)]!;
}

/** Reads a quantile function given as points (share, value), straight in between. `u` is uniform in [0, 1). */
export function quantile(u: number, points: readonly (readonly [number, number])[]): number {
  const above = points.findIndex(([share]) => share > u);
  if (above < 1) return points.at(above)![1];
  const [fromShare, from] = points[above - 1]!;
  const [toShare, to] = points[above]!;
  return from + ((u - fromShare) / (toShare - fromShare)) * (to - from);
}
