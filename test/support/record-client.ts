/** `npm run client`: writes client/types.ts from the description that the server publishes. */

import { writeFileSync } from 'node:fs';
import { clientTypes } from './client-types.ts';
import { describedApi } from './described-api.ts';

writeFileSync(new URL('../../client/types.ts', import.meta.url), clientTypes(await describedApi()));
