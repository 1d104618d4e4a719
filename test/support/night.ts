import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseTrustFile, type TrustSettings } from "@caladrius/attestation-verifier";
import { createSubmitterKey, EmergencyDesk, HostClient, type SubmitterKey } from "@caladrius/client";
import { approvalOf, NIGHT, nightDeployment } from "@caladrius/enclave/test-support/emergencies.ts";
import type { TestDeployment } from "@caladrius/enclave/test-support/deployment.ts";
import { decodeIdentity, equalBytes, type SealingPublicKey } from "@caladrius/wire";
import { ready, startStack, trustFile, type Stack } from "./stack.ts";

/** A stack whose bundle has emergencies, with a key for its auditor. */
export interface Night {
  stack: Stack;
  trust: TrustSettings;
  /** the same as a file's text */
  trustText: string;
  deployment: TestDeployment;
  auditor: SubmitterKey;
  /** asks about emergencies as this person, for ETREAT */
  desk(key: SubmitterKey): EmergencyDesk;
  host: HostClient;
  close(): Promise<void>;
}

/** Two doctors, or a head after half a minute; ETREAT at findings. */
export async function startNight(auditorKeys: SealingPublicKey[] = []): Promise<Night> {
  const auditor = await createSubmitterKey();
  const stack = await startStack();
  const deployment = nightDeployment({}, { auditorKeys: [auditor.sealing, ...auditorKeys], nowSeconds: Math.floor(Date.now() / 1000) });
  const { constitution, bundle, bundleApprovals, statusList } = deployment.boot;
  await stack.restartHost({ constitution, bundle, bundleApprovals, statusList, dataDir: join(stack.dir, "night") });
  await stack.replaceEnclave();
  const stop = new AbortController();
  const host = new HostClient(stack.url, { signal: stop.signal });
  await untilBooted(host, deployment.constitutionDigest);
  await ready(stack.url);
  const trustText = trustFile(stack.enclave, deployment);
  const trust = parseTrustFile(trustText);
  return {
    stack,
    trust,
    trustText,
    deployment,
    auditor,
    host,
    desk: (key) => new EmergencyDesk({ hostUrl: stack.url, trust, key, purpose: "ETREAT", signal: stop.signal }),
    close: async () => {
      stop.abort();
      await stack.close();
    },
  };
}

/** A person of the constitution at their machine: looks every `everyMs`, and grants all that waits. Returns how to stop it. */
export async function connectSigner(night: Night, person: keyof typeof NIGHT, role: string, everyMs = 1000): Promise<() => Promise<void>> {
  const { publicKey, sign } = NIGHT[person];
  const desk = night.desk({ ...(await createSubmitterKey()), signing: publicKey, sign });
  await desk.list(); // connected
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      for (const known of await desk.list()) {
        if (known.state !== "waiting" || known.answers.some((one) => one.person === person)) continue;
        await desk.answer(
          known,
          approvalOf({ emergencies: [{ ...known, emergency: known.statement }] }, person, role, night.deployment.constitutionDigest),
        );
      }
      await sleep(everyMs);
    }
  })();
  return async () => {
    stop.abort();
    await watching;
  };
}

/** Waits until an emergency of this desk is no longer waiting. */
export async function untilDecided(desk: EmergencyDesk, id: Uint8Array): Promise<string> {
  for (;;) {
    const known = (await desk.list()).find(({ emergency }) => equalBytes(emergency.id, id));
    if (known === undefined) throw new Error("it is gone");
    if (known.state !== "waiting") return known.state;
    await sleep(250);
  }
}

async function untilBooted(host: HostClient, constitutionDigest: Uint8Array): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const reply = await host.attestation(new Uint8Array(32)).catch(() => null);
    if (reply !== null && equalBytes(decodeIdentity(reply.identity).constitutionDigest, constitutionDigest)) return;
    await sleep(50);
  }
  throw new Error("the enclave did not boot anew");
}
