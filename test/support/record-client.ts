/** `npm run client`: writes client/types.ts from the description that the server publishes. */

import { writeFileSync } from 'node:fs';
import { describedApi } from './bare-description.ts';
import { clientTypes } from './client-types.ts';

writeFileSync(new URL('../../client/types.ts', import.meta.url), clientTypes(await describedApi()));
