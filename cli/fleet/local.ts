import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { requestFleetBirth } from "@caladrius/host";
import { decodeFleetEpoch, DependencyError, encodeFleetBirthReply, encodeFleetEpoch, equalBytes } from "@caladrius/wire";
import { keySigner } from "../approval/key-signer.ts";
import { makeFolder, writeWhole } from "../files.ts";
import { readTrustFile } from "../trust.ts";
import { readApproverKey } from "./approver-key.ts";
import { verifyCandidate } from "./candidate.ts";
import { readConstitution } from "./deployment.ts";
import { authorRecord, readRecord, refuseForeign } from "./record.ts";

/** Where the one approver of a development deployment finds what they sign with and what they hold it against. */
export interface LocalApproval {
  fleet: string;
  /** folder of `.fleet` files that the host looks at */
  epochs: string;
  /** the enclave's socket */
  socketPath: string;
  /** paths */
  trust: string;
  constitution: string;
  approverKey: string;
  constitutionDigest: Uint8Array;
}

/**
 * Sees to it that an epoch of a development fleet is in force: has one made, verified and approved where none lies in the
 * folder, or the last one ends within days. What an approver does by hand is done by the same functions.
 * @returns whether a new epoch was made
 */
export async function ensureLocalEpoch(options: LocalApproval): Promise<boolean> {
  const { fleet, epochs, socketPath, constitutionDigest } = options;
  await makeFolder(epochs, 0o700);
  const now = Math.floor(Date.now() / 1000);
  const known = readdirSync(epochs)
    .filter((name) => name.endsWith(".fleet"))
    .map((name) => readRecord(decodeFleetEpoch(readFileSync(join(epochs, name)))).record)
    .filter((record) => equalBytes(record.constitutionDigest, constitutionDigest));
  if (known.some(({ notBefore, notAfter }) => notBefore <= now && notAfter > now + RENEW_BEFORE_SECONDS)) return false;

  const epoch = Math.max(0, ...known.map((record) => record.epoch)) + 1;
  const reply = await requestFleetBirth({ enclaveSocket: socketPath, fleet, epoch });
  const founded = await readConstitution(options.constitution, signatures);
  const candidate = await verifyCandidate(encodeFleetBirthReply(reply), await readTrustFile(options.trust), signatures);
  refuseForeign(candidate, founded);
  const key = await readApproverKey(options.approverKey);
  const stated = authorRecord(candidate, founded, { notBefore: now - SKEW_SECONDS, notAfter: now + EPOCH_SECONDS }, key);
  const approval = await keySigner(key, founded, { person: null, role: null }).approve("fleet-record", stated.record);
  await writeWhole(join(epochs, `${epoch}.fleet`), encodeFleetEpoch({ ...stated, approvals: [approval] }), { force: true });
  return true;
}

/** Waits until the host says that the enclave serves an epoch. @throws DependencyError fleet-not-served */
export async function untilServed(url: string, mostMs: number = SERVED_WITHIN_MS): Promise<void> {
  const end = performance.now() + mostMs;
  for (;;) {
    const answer = await fetch(`${url}/v1/attestation?keys=fleet`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    if (performance.now() > end)
      throw new DependencyError(
        "fleet-not-served",
        `${url}: the enclave serves no epoch of the fleet; the log and ${url}/readyz say why`,
        1000,
      );
    await sleep(POLL_MS);
  }
}

const EPOCH_SECONDS = 30 * 24 * 3600;
const RENEW_BEFORE_SECONDS = 5 * 24 * 3600;
/** The enclave's clock may be behind this machine's. */
const SKEW_SECONDS = 120;
const SERVED_WITHIN_MS = 60_000;
const POLL_MS = 100;
