import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTrustAnchor, verifyEvidence } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeNsmResponse, encodeNsmRequest } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNsm, makeModuleId, openSimulatedPki } from "../index.ts";

const START = Date.UTC(2026, 10, 21, 10, 0, 0, 250);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-verified-"));
});
afterAll(() => rm(dir, { recursive: true }));

describe("simulated documents before the verifier", () => {
  it("verify at every moment of a month, under their own root and no other", async () => {
    let nowMs = START;
    const clock = { nowMs: () => nowMs };
    const pki = await openSimulatedPki(join(dir, "a"), clock);
    const anchors = [parseTrustAnchor(pki.rootCertificate)];
    const others = [parseTrustAnchor((await openSimulatedPki(join(dir, "b"), clock)).rootCertificate)];
    const moduleId = makeModuleId(clock, randomBytes);
    const nsm = createNsm({ pki, moduleId, pcrs: new Map(), clock, randomBytes });
    for (let step = 0; step < 60; step++) {
      nowMs += 12 * 3_600_000 + 1_234_567;
      const nonce = randomBytes(32);
      const response = decodeNsmResponse(
        await nsm.request(encodeNsmRequest({ kind: "Attestation", userData: null, nonce, publicKey: null })),
      );
      if (response.kind !== "Attestation") throw new Error(JSON.stringify(response));
      const mode = { kind: "live", nowMs, nonce, maxAgeMs: 0 } as const;
      const evidence = await verifyEvidence(response.document, { anchors, mode, signatures });
      expect(evidence).toMatchObject({ moduleId, region: "sim-local-1", chain: { anchor: { simulated: true } } });
      await expect(verifyEvidence(response.document, { anchors: others, mode, signatures })).rejects.toThrow();
    }
  });
});
