/** The usage profiles that come with the program. */

import { readFileSync } from 'node:fs';
import { parseProfiles, type UsageProfile } from '../plan/profiles/profiles.ts';

let profiles: ReadonlyMap<string, UsageProfile> | undefined;

/** Read when first asked for. */
export function usageProfiles(): ReadonlyMap<string, UsageProfile> {
  profiles ??= parseProfiles(
    readFileSync(new URL('../../data/profiles/profiles.csv', import.meta.url), 'utf8'),
  );
  return profiles;
}
