/** `npm run schema`: records in src/store/schema.json what the migrations make of an empty database. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCatalogue, SCHEMA_FILE } from '../src/store/care/catalogue.ts';
import { openDatabase } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'wattsync-schema-'));
const database = await openDatabase({ databaseUrl: null, dataDir, connections: 2 });
try {
  await migrate(database);
  writeFileSync(SCHEMA_FILE, `${JSON.stringify(await readCatalogue(database.pool), null, 2)}\n`);
} finally {
  await database.close();
  rmSync(dataDir, { recursive: true, force: true });
}
