/** Room on the disk that holds a database. */

import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface DiskSpace {
  total_bytes: number;
  /** For whoever is not root. */
  free_bytes: number;
}

/** Of the embedded database; how full the disk of another server is, SQL cannot say. */
export async function readDiskSpace(dataDir: string): Promise<DiskSpace> {
  const { blocks, bavail, bfree, bsize } = await statfs(join(dataDir, 'postgres'));
  // What is reserved for root counts as used, as in df.
  return { total_bytes: (blocks - (bfree - bavail)) * bsize, free_bytes: bavail * bsize };
}
