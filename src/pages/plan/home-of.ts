import type { ListQuery } from '../list/list-query.ts';
import type { Home } from '../words/plan.ts';

/** Whose year a page speaks of; one usage in every month is a reader's own, too. */
export const homeOf = ({ usage }: Pick<ListQuery, 'usage'>): Home => (usage === 'flat' ? 'own' : usage);
