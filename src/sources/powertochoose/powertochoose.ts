/** Power to Choose: the state's export, the whole of Texas in one call, from its address or from a file. */

import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConditionalRequest } from '../conditional.ts';
import type { Gate } from '../gate.ts';
import {
  getAnswer,
  type HttpAnswer,
  hostOf,
  LARGEST_BODY_BYTES,
  type Moved,
  withoutSecrets,
} from '../http.ts';
import type { FetchContext, Fetched, NotModified, PlanSource } from '../source.ts';
import { SourceError } from '../source-error.ts';
import { parsePowerToChoose } from './normalise.ts';

interface PowerToChooseSourceOptions {
  /** Path or http(s) address of the export. */
  csv: string;
  /** The site answers 403 to the names of programming libraries. */
  userAgent?: string;
  /** The DUNS of a TDSP by its name in the export, in an older one where `year` is told. */
  tdspByName(name: string, year: number | null): string | undefined;
}

export class PowerToChooseSource implements PlanSource {
  readonly name = 'powertochoose';
  readonly coverage = 'state';
  readonly origin: string;
  readonly #options: PowerToChooseSourceOptions;
  readonly #gate: Gate;
  readonly #isRemote: boolean;

  constructor(options: PowerToChooseSourceOptions, gate: Gate) {
    this.#options = options;
    this.#gate = gate;
    this.#isRemote = /^https?:\/\//i.test(options.csv);
    this.origin = this.#isRemote ? withoutSecrets(options.csv) : resolve(options.csv);
  }

  fetch(duns: readonly string[], context: FetchContext): Promise<Fetched | NotModified> {
    const { csv, userAgent, tdspByName } = this.#options;
    const toPlans = ({ body }: HttpAnswer) => parsePowerToChoose(body, { duns, tdspByName });
    const conditional = new ConditionalRequest(this.origin, context.known);
    const headers = () => ({ ...(userAgent && { 'user-agent': userAgent }), ...conditional.headers });
    const remote = {
      endpoint: this.#isRemote ? new URL(csv).pathname : '',
      perform: (signal: AbortSignal, moved: Moved | null) => getAnswer(csv, headers(), signal, moved),
      read: (answer: HttpAnswer) => {
        expectNotRefused(answer, hostOf(csv));
        return conditional.read(answer, hostOf(csv), toPlans);
      },
    };
    const file = {
      endpoint: 'file',
      perform: (signal: AbortSignal) => readExport(csv, signal),
      read: toPlans,
    };
    return this.#gate.call<Fetched | NotModified>(
      {
        source: this.name,
        origin: this.origin,
        params: { from: this.origin },
        ...(this.#isRemote ? remote : file),
      },
      context,
    );
  }
}

/** A retry would be refused as well, and no key is wrong: there is none. */
function expectNotRefused({ status }: HttpAnswer, host: string): void {
  if (status !== 401 && status !== 403) return;
  throw new SourceError(
    'upstream_denied',
    `${host} refused the export (${status}), as it does to clients it takes for programs: set POWERTOCHOOSE_USER_AGENT to what a browser sends, or download the export in a browser and name the file in POWERTOCHOOSE_CSV`,
  );
}

const kindOf = (stat: Stats): string =>
  stat.isDirectory() ? 'a folder' : stat.isFIFO() ? 'a pipe' : stat.isSocket() ? 'a socket' : 'a device';

/** A file has no status; 0 stands for none. Read in pieces: its size may change. */
async function readExport(path: string, signal: AbortSignal): Promise<HttpAnswer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // Without waiting: a pipe that nobody writes to would hold up the program for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error(`it is ${kindOf(stat)}, not a file`);
    for await (const chunk of file.createReadStream({ autoClose: false, signal })) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > LARGEST_BODY_BYTES) break;
    }
  } catch (cause) {
    const why = cause instanceof Error && !('code' in cause) ? ` (${cause.message})` : '';
    throw new SourceError(
      'source_misconfigured',
      `POWERTOCHOOSE_CSV cannot be read: ${resolve(path)}${why}`,
      { cause },
    );
  }
  if (size > LARGEST_BODY_BYTES) {
    throw new SourceError(
      'source_misconfigured',
      `POWERTOCHOOSE_CSV is longer than ${LARGEST_BODY_BYTES >> 20} MiB, which no plan list is: ${resolve(path)}`,
    );
  }
  return { status: 0, headers: new Headers(), body: Buffer.concat(chunks) };
}
