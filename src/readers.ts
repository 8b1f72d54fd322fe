/** What a text may say: how a message names it, and how it is read. For variables of the environment and parameters of queries. */

export interface Reader<T> {
  /** What a usable value is: `a whole number from 1 to 9`. */
  expected: string;
  /** @returns `undefined` where the text is not what was expected */
  read(text: string): T | undefined;
}

export const wholeNumber = (min: number, max: number): Reader<number> => ({
  expected: `a whole number from ${min} to ${max}`,
  read: (text) => numberWithin(/^\d{1,15}$/, text, min, max),
});

/** Plain decimals: what else `Number` takes (`1e3`, `0x10`, `.5`) is more often a slip than meant. */
export const plainNumber = (min: number, max: number): Reader<number> => ({
  expected: `a number from ${min} to ${max}`,
  read: (text) => numberWithin(/^\d{1,9}(\.\d+)?$/, text, min, max),
});

/** As JSON writes numbers that are not negative, and with zeros in front: what a JSON Schema allows. */
export const jsonNumber = (min: number, max: number, isWhole: boolean): Reader<number> => ({
  expected: `a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`,
  read: (text) => {
    const value = numberWithin(/^\d{1,15}(\.\d{1,25})?([eE][+-]?\d{1,3})?$/, text, min, max);
    return isWhole && !Number.isInteger(value) ? undefined : value;
  },
});

/** In any case. */
export const oneOf = <T extends string>(choices: readonly T[]): Reader<T> => ({
  expected: `one of ${choices.join(', ')}`,
  read: (text) => choices.find((one) => one === text.toLowerCase()),
});

/** Some of them with commas between, in any case, or `none`. */
export const severalOf = <T extends string>(choices: readonly T[]): Reader<readonly T[]> => ({
  expected: `${choices.join(', ')} with commas between, or none`,
  read: (text) => {
    const names = text.toLowerCase().split(',');
    if (names.join('').trim() === 'none') return [];
    const found = names.map((name) => choices.find((one) => one === name.trim()));
    return found.every((one) => one !== undefined) ? found : undefined;
  },
});

function numberWithin(pattern: RegExp, text: string, min: number, max: number): number | undefined {
  const value = pattern.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
