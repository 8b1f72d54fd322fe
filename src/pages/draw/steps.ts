/** A price over time: level until it changes, with a gap while there was none. */

import type { Html } from '../../html/html.ts';
import { drawing, line, linePath, niceTicks, type Point, words } from './frame.ts';

const HEIGHT = 180;
const TOP = 14;
const BOTTOM = 152;

export interface Step {
  /** Milliseconds. */
  at: number;
  /** `null`: not on sale, or not known. */
  value: number | null;
}

interface Series {
  /** Oldest first; each value holds until the next. */
  steps: readonly Step[];
  look: 'k' | 'c';
  name: string;
}

interface Time {
  from: number;
  to: number;
  /** What is written below, at its place. */
  ticks: readonly { at: number; text: string }[];
}

interface StepWords {
  label: string;
  value(value: number): string;
}

/** @returns nothing where no value is known */
export function drawSteps(series: readonly Series[], { from, to, ticks }: Time, say: StepWords): Html | null {
  const values = series.flatMap(({ steps }) => steps.flatMap(({ value }) => (value === null ? [] : [value])));
  if (values.length === 0 || to <= from) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // A price that hardly moves must not look like a leap: the scale covers a fifth of the price at least.
  const room = Math.max(0, (high * 0.2 - (high - low)) / 2);
  const levels = niceTicks(Math.max(0, low - room), high + room, 3);
  const [least, most] = [levels[0]!, levels.at(-1)!];
  const x = (at: number) => Math.min(1, Math.max(0, (at - from) / (to - from)));
  const y = (value: number) => BOTTOM - ((BOTTOM - TOP) * (value - least)) / (most - least || 1);
  return drawing(
    { height: HEIGHT, label: say.label, look: 'hist' },
    [
      ...levels.map((level) =>
        line(
          'h',
          linePath([
            [0, y(level)],
            [1, y(level)],
          ]),
        ),
      ),
      ...series.map(({ steps, look }) => line(look, stairs(steps, to, x, y))),
    ],
    [
      ...levels.map((level) =>
        words(0, y(level) + 4, say.value(level), { look: 'g', anchor: 'end', dx: -8 }),
      ),
      ...ticks.map(({ at, text }) =>
        words(x(at), BOTTOM + 22, text, {
          look: 'g',
          anchor: x(at) > 0.9 ? 'end' : x(at) < 0.1 ? 'start' : 'middle',
        }),
      ),
      ...namesOf(series, y),
    ],
  );
}

function stairs(
  steps: readonly Step[],
  end: number,
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let run: Point[] = [];
  for (const [at, step] of steps.entries()) {
    const until = steps[at + 1]?.at ?? end;
    if (step.value === null) {
      path += linePath(run);
      run = [];
      continue;
    }
    run.push([x(step.at), y(step.value)], [x(until), y(step.value)]);
  }
  return path + linePath(run);
}

/** At the end of each line: the highest is named above it, the others below theirs. */
function namesOf(series: readonly Series[], y: (value: number) => number): Html[] {
  const ends = series
    .flatMap(({ steps, name, look }) => {
      const last = steps.findLast(({ value }) => value !== null);
      return last && name !== '' ? [{ name, look, at: y(last.value!) }] : [];
    })
    .sort((a, b) => a.at - b.at);
  return ends.map(({ name, look, at }, index) =>
    words(1, at + (index === 0 ? -8 : 17), name, { look: look === 'c' ? 'g' : 'name', anchor: 'end' }),
  );
}
