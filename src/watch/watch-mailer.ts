/**
 * Mails what watches ask for: first whether one is wanted, then what is news for it. A mail is noted before it is sent, so
 * that two processes never send it both; where it does not go out, it is as if it had not been noted.
 */

import { PlanView } from '../catalog/catalog.ts';
import { sendMail } from '../delivery/email.ts';
import { Periodic } from '../periodic.ts';
import { readProfile, type UsageProfile } from '../plan/profiles/profiles.ts';
import type { Sealer } from '../seal.ts';
import { readActivePlanSet } from '../store/plans/plans.ts';
import { readCurrentSnapshots } from '../store/plans/snapshots.ts';
import type { Queryable } from '../store/postgres/database.ts';
import {
  claimTelling,
  claimUnasked,
  forgetTold,
  readChargeShift,
  readWanted,
  type StoredWatch,
  unask,
  untell,
} from '../store/watch/watches.ts';
import { HOUR_MS } from '../units.ts';
import { lowestOf } from './lowest.ts';
import { decide, QUIET_MS, sumOf, type WatchQuestion } from './question.ts';
import { emailOwner, watchToken } from './watch-desk.ts';
import { askMail, type MailAbout, newsMail } from './watch-mail.ts';

const LOOK_MS = 15_000;
/** Days begin and end without a publish. */
const LOOK_AGAIN_MS = HOUR_MS;
const ASK_AT_ONCE = 20;

interface MailerOptions {
  database: Queryable;
  sealer: Sealer;
  smtpUrl: string;
  from: string;
  /** Where the pages are reached from outside. */
  publicUrl: string;
  profiles: ReadonlyMap<string, UsageProfile>;
  /** `Dallas`, of `cities/dallas-tx`. */
  nameOf(place: string): string;
  onError(error: unknown): void;
  now?: () => Date;
}

type Watch = StoredWatch<WatchQuestion>;

export class WatchMailer {
  readonly #options: Required<MailerOptions>;
  readonly #loop: Periodic;
  /** By TDSP, which version was looked at, and when. */
  readonly #seen = new Map<string, { version: number; at: number }>();

  constructor(options: MailerOptions) {
    this.#options = { now: () => new Date(), ...options };
    this.#loop = new Periodic('watches', () => this.#look().catch(this.#options.onError), LOOK_MS);
  }

  start(): void {
    this.#loop.start();
  }

  /** Never throws. */
  now(): Promise<void> {
    return this.#loop.now();
  }

  /** Safe early and twice. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #look(): Promise<void> {
    const { database, now } = this.#options;
    for (const watch of await claimUnasked<WatchQuestion>(database, ASK_AT_ONCE)) {
      await this.#send(watch, `watch-${watch.id}`, askMail(this.#about(watch, null))).catch(async (error) => {
        await unask(database, watch.id);
        this.#options.onError(error);
      });
    }
    const at = now().getTime();
    for (const { tdsp_duns, version } of await readCurrentSnapshots(database)) {
      const seen = this.#seen.get(tdsp_duns);
      if (seen?.version === version && at - seen.at < LOOK_AGAIN_MS) continue;
      await this.#lookAt(tdsp_duns);
      this.#seen.set(tdsp_duns, { version, at });
    }
  }

  async #lookAt(duns: string): Promise<void> {
    const { database, profiles, now } = this.#options;
    const wanted = await readWanted<WatchQuestion>(database, duns, QUIET_MS);
    if (wanted.length === 0) return;
    const set = await readActivePlanSet(database, duns);
    if (!set) return;
    const view = new PlanView([duns], [set]);
    for (const watch of wanted) {
      const { question } = watch;
      const profile = readProfile(question.usage, profiles);
      if (!profile) continue;
      const since = new Date(`${question.since}T12:00:00Z`);
      const sum = sumOf(question, {
        lowest: lowestOf(view, profile),
        kwh: profile.months_kwh.reduce((all, kwh) => all + kwh, 0),
        chargeCents: await readChargeShift(database, duns, since),
        now: now(),
      });
      const verdict = decide(question, sum, watch, now());
      if (verdict.forget) await forgetTold(database, watch.id);
      if (!verdict.plan && !verdict.end) continue;
      const year_usd = verdict.plan ? sum.lowest!.year_usd : verdict.forget ? null : watch.told_year_usd;
      if (!(await claimTelling(database, watch, { year_usd, isEnd: verdict.end }))) continue;
      const mail = newsMail(this.#about(watch, sum.lowest?.plan_id ?? null), sum, verdict);
      const id = `watch-${watch.id}-${now().toISOString().slice(0, 10)}`;
      await this.#send(watch, id, mail).catch(async (error) => {
        await untell(database, watch);
        this.#options.onError(error);
      });
    }
  }

  #about({ id, language, question }: Watch, planId: string | null): MailAbout {
    const { sealer, publicUrl, profiles, nameOf } = this.#options;
    const at = (path: string) => `${publicUrl}${language === 'es' ? '/es' : ''}/${path}`;
    const usage = `?profile=${question.usage}`;
    const profile = readProfile(question.usage, profiles);
    return {
      language,
      question,
      placeName: nameOf(question.place),
      kwh: profile?.months_kwh.reduce((all, kwh) => all + kwh, 0) ?? 0,
      links: {
        watch: at(`watch/${watchToken(sealer, id)}`),
        list: at(`${question.place}${usage}`),
        plan: planId === null ? null : at(`plans/${planId}${usage}`),
      },
    };
  }

  /** @throws {DeliveryError} it was not taken @throws {SealError} the address cannot be read */
  async #send(
    { id, sealed_email }: Watch,
    messageId: string,
    mail: { subject: string; text: string },
  ): Promise<void> {
    const { sealer, smtpUrl, from, publicUrl } = this.#options;
    const to = sealer.open(emailOwner(id), sealed_email);
    await sendMail(smtpUrl, {
      from,
      to,
      ...mail,
      id: messageId,
      // One click in the reader of mail, as a POST (RFC 8058).
      headers: {
        'List-Unsubscribe': `<${publicUrl}/watch/${watchToken(sealer, id)}/end>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      },
    });
  }
}
