/**
 * A confidence sequence for a mean: intervals that hold at all times together, so that an operator who looks every
 * day and stops at any time is still wrong in at most α of all cases. Closed form, by inverting the mixture of t likelihood ratios over
 * a normal prior of the effect in units of the noise (right Haar prior of the noise): an e-process whatever the noise is.
 *
 * E(μ) = g^(-1/2) · ((1 + r) / (1 + r / g))^(n/2), with r = n (m - μ)² / Σ(x - m)² and g = 1 + n·scale²; Ville's
 * inequality gives P(E ever reaches 1/α) ≤ α, and E < 1/α is r < (k - 1) / (1 - k / g) with k = (√g / α)^(2/n).
 */

export interface Interval {
  mean: number;
  low: number;
  high: number;
}

const UNKNOWN = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** How many times √(Σ(x - m)² / n) the interval reaches on each side; infinite while too little is known. */
function reach(n: number, { alpha, scale }: SequenceTerms): number {
  const g = 1 + n * scale ** 2;
  const k = (Math.sqrt(g) / alpha) ** (2 / n);
  return n < 2 || k >= g ? Number.POSITIVE_INFINITY : Math.sqrt((k - 1) / (1 - k / g));
}

interface SequenceTerms {
  /** In how many of all cases the truth may ever be outside. */
  alpha: number;
  /** The effect it is sharpest for, in standard deviations of one value. */
  scale: number;
}

/** @param values one for each pair of days; those of either sign are alike where there is no effect */
export function confidenceSequence(values: readonly number[], terms: SequenceTerms): Interval {
  const n = values.length;
  const mean = n === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / n;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const half = Math.sqrt(squares / Math.max(1, n)) * reach(n, terms);
  // Values that are all the same say nothing of how much they vary.
  if (!Number.isFinite(half) || squares === 0) return { mean, ...UNKNOWN };
  return { mean, low: mean - half, high: mean + half };
}

/** A normal value is below it with 80 %. */
const Z_POWER = 0.8416;

/**
 * After how many values an effect is told from none in at least 80 % of cases; a little late, since it counts only who is
 * past the bound at that moment and not who was before.
 * @param scale the effect in standard deviations of one value
 */
export function valuesNeeded(alpha: number, scale: number): number {
  for (let n = 4; n < MOST_VALUES; n++) {
    // With as few values the noise itself is known badly.
    const noise = Z_POWER * (1 + 1 / n) + 2 / n;
    if (scale * Math.sqrt(n) >= Math.sqrt(n - 1) * reach(n, { alpha, scale }) + noise) return n;
  }
  return MOST_VALUES;
}

const MOST_VALUES = 2_000;
