/** The sections of the page "Now", each from what was seen: a word for the margin, a table, a chart on the common clock. */

import type { Html } from '../../html/html.ts';
import type { Territory } from '../../territory/territory.ts';
import type { Seen } from '../board.ts';
import type { Hand } from '../hand.ts';
import type { Axis } from '../look/axis.ts';

/** Readings there are; the page is not drawn before. */
export interface Ready {
  fast: NonNullable<Seen['fast']>;
  slow: NonNullable<Seen['slow']>;
  past: NonNullable<Seen['past']>;
}

export interface Drawn extends Ready {
  axis: Axis;
  asTable: boolean;
  territory: Territory;
  hands: readonly Hand[];
  nameOf(duns: string): string;
}

/** By its id, so that what changed can be sent alone. */
export interface Section {
  id: string;
  html: Html;
}
