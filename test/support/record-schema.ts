/** `npm run schema`: records in src/store/schema/schema.json what the migrations make of an empty database. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { readCatalogue, SCHEMA_FILE } from '../../src/store/schema/catalogue.ts';
import { migrate } from '../../src/store/schema/migrate.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'wattsync-schema-'));
const database = await openDatabase({ databaseUrl: null, dataDir, connections: 2 });
try {
  await migrate(database);
  writeFileSync(SCHEMA_FILE, `${JSON.stringify(await readCatalogue(database.pool), null, 2)}\n`);
} finally {
  await database.close();
  rmSync(dataDir, { recursive: true, force: true });
}
