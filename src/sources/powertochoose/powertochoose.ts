/** Power to Choose: the state's export, the whole of Texas in one call, from its address or from a file. */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConditionalRequest } from '../conditional.ts';
import type { Gate } from '../gate.ts';
import { getAnswer, type HttpAnswer, hostOf, withoutSecrets } from '../http.ts';
import type { FetchContext, Fetched, NotModified, PlanSource } from '../source.ts';
import { SourceError } from '../source-error.ts';
import { parsePowerToChoose } from './normalise.ts';

interface PowerToChooseSourceOptions {
  /** Path or http(s) address of the export. */
  csv: string;
  /** The DUNS of a TDSP by its name in the export, in an older one where `year` is told. */
  tdspByName(name: string, year: number | null): string | undefined;
}

// The site answers 403 to the names of programming libraries; ours names us all the same.
const USER_AGENT = 'Mozilla/5.0 (compatible; wattsync)';

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
    const { csv, tdspByName } = this.#options;
    const toPlans = ({ body }: HttpAnswer) => parsePowerToChoose(body, { duns, tdspByName });
    const conditional = new ConditionalRequest(this.origin, context.known);
    const headers = () => ({ 'user-agent': USER_AGENT, ...conditional.headers });
    const remote = {
      endpoint: this.#isRemote ? new URL(csv).pathname : '',
      perform: (signal: AbortSignal) => getAnswer(csv, headers(), signal),
      read: (answer: HttpAnswer) => conditional.read(answer, hostOf(csv), toPlans),
    };
    const file = { endpoint: 'file', perform: () => readExport(csv), read: toPlans };
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

/** A file has no status; 0 stands for none. */
async function readExport(path: string): Promise<HttpAnswer> {
  try {
    return { status: 0, headers: new Headers(), body: await readFile(path) };
  } catch (cause) {
    throw new SourceError('source_misconfigured', `POWERTOCHOOSE_CSV cannot be read: ${resolve(path)}`, {
      cause,
    });
  }
}
