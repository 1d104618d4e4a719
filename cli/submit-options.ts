import { openDeviceSigner, openGrantUses, type HeldGrant, type SubmitOptions, type SubmitterKey } from "@caladrius/client";
import { MAX_RECIPIENTS, type DisclosureLevel, type Recipient } from "@caladrius/wire";
import type { Arguments } from "./arguments.ts";
import { about, UsageError } from "./exit.ts";
import { readLimited } from "./files.ts";
import { readApproverKey } from "./fleet/approver-key.ts";
import { readPublicKey } from "./keys.ts";

/** What goes with a job besides the recording: grants, further recipients, a device's signature, a ward. */
export async function readCarried(args: Arguments, key: SubmitterKey | null, keyPath: string | null): Promise<Partial<SubmitOptions>> {
  const recipients = await Promise.all(args.many("recipient").map(readRecipient));
  if (recipients.length >= MAX_RECIPIENTS) throw new UsageError(`at most ${MAX_RECIPIENTS - 1} further recipients`);
  if (recipients.length > 0 && args.optional("out") === null)
    throw new UsageError("--recipient needs --out: the receipts that recipients need are written there");
  const ward = args.optional("ward");
  return {
    recipients,
    ward,
    ...(await readGrants(args, key, keyPath)),
    ...(await readDevice(args)),
  };
}

async function readGrants(args: Arguments, key: SubmitterKey | null, keyPath: string | null): Promise<Partial<SubmitOptions>> {
  const words = args.many("grant");
  if (words.length === 0) return {};
  if (key === null || keyPath === null) throw new UsageError("--grant needs --key: a grant is given to one key, and is of use to no other");
  const held = await Promise.all(words.map(readHeld));
  const [path] = words;
  return { grantUses: await about(path ?? "", () => openGrantUses(held, key.signing, `${keyPath}.uses`)) };
}

/** FILE, or FILE:USE where the first use is to be that number. */
async function readHeld(word: string): Promise<HeldGrant> {
  const [, path = word, use] = /^(.+):([1-9]\d{0,11})$/s.exec(word) ?? [];
  return { statement: await readLimited(path, MAX_GRANT_BYTES), firstUse: use === undefined ? null : Number(use) };
}

async function readRecipient(word: string): Promise<Recipient> {
  const [, path, level] = /^(.+):(alarm|findings|full)$/s.exec(word) ?? [];
  if (path === undefined || level === undefined)
    throw new UsageError(
      `--recipient ${JSON.stringify(word)} is not KEYFILE:LEVEL`,
      "LEVEL is alarm, findings or full; `caladrius key show` writes key files",
    );
  return { key: (await readPublicKey(path)).sealing, level: level as DisclosureLevel };
}

async function readDevice(args: Arguments): Promise<Partial<SubmitOptions>> {
  const path = args.optional("device-key");
  if (path === null) return {};
  return { device: openDeviceSigner(await readApproverKey(path), `${path}.batches`) };
}

const MAX_GRANT_BYTES = 8192;
