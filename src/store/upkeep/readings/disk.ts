/** Room on the disk that holds a database. */

import { statfs } from 'node:fs/promises';

export interface DiskSpace {
  total_bytes: number;
  /** For other users than root. */
  free_bytes: number;
}

/** Of the embedded database; how full the disk of another server is, SQL cannot say. */
export async function readDiskSpace(folder: string): Promise<DiskSpace> {
  const { blocks, bavail, bfree, bsize } = await statfs(folder);
  // What is reserved for root counts as used, as in df.
  return { total_bytes: (blocks - (bfree - bavail)) * bsize, free_bytes: bavail * bsize };
}
