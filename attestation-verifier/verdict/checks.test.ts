import { describe, expect, it } from "vitest";
import { makeDocument } from "../generate/test-document.ts";
import { makeChain, NOW_MS } from "../generate/test-pki.ts";
import { makeResultFile, trustText } from "../generate/test-result.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { listChecks, type Check } from "./checks.ts";
import { CODE, type Code } from "./code.ts";
import { verifyAttestationDocument } from "./verify-attestation-document.ts";
import { verifyResultFile } from "./verify-result-file.ts";

const chain = makeChain();
const good = makeResultFile({ chain });
const trust = parseTrustFile(good.trust);
const states = (checks: readonly Check[]): string[] => [...new Set(checks.map(({ state }) => state))];

describe("the checks of a verdict", () => {
  it("speak about every code, each in one place", () => {
    const refused = (code: Code) =>
      ({ status: "contraindicated", code, expected: "e", actual: "a", sentence: "s", spec: CODE[code].spec, notChecked: [] }) as never;
    for (const code of Object.keys(CODE) as Code[]) {
      if (CODE[code].status === "accepted") continue;
      const checks = listChecks(refused(code), "result file");
      const failed = checks.filter(({ state }) => state === "failed");
      expect([code, failed.length]).toEqual([code, 1]);
      expect(failed[0]).toMatchObject({ expected: "e", found: "a", spec: CODE[code].spec });
      const at = checks.findIndex(({ state }) => state === "failed");
      expect(checks.every(({ state }, i) => (i < at ? state === "passed" : i === at || state === "not reached"))).toBe(true);
    }
  });

  it("show what an accepted result stands on", async () => {
    const verdict = await verifyResultFile(good.bytes, trust, {}, signatures);
    const checks = listChecks(verdict, "result file");
    expect(states(checks).toSorted()).toEqual(["not checked", "passed", "reservation"]);
    const pcrs = checks.filter(({ title }) => /^PCR\d+ is the trusted one/.test(title));
    expect(pcrs.map(({ title }) => title.split(" ")[0])).toEqual(["PCR0", "PCR1", "PCR2", "PCR16"]);
    for (const { expected, found } of pcrs) expect(expected).toBe(found);
    expect(checks.find(({ stage }) => stage === "time")).toMatchObject({ state: "reservation", found: CODE["time-not-proved"].meaning });
    expect(checks.find(({ stage }) => stage === "revocation")?.state).toBe("not checked");
    expect(checks.find(({ title }) => title.includes("identity, constitution"))?.state).toBe("passed");
  });

  it("leave a bare document without those of results, and say where a refusal ended", async () => {
    const { bytes, root } = makeDocument({ chain });
    const { pcrs, ...rest } = JSON.parse(trustText(root)) as { pcrs: Record<string, string>[] };
    const bare = parseTrustFile(JSON.stringify({ ...rest, pcrs: pcrs.map(({ 16: _, ...image }) => image) }));
    const live = { kind: "live", nowMs: NOW_MS + 1000, nonce: null, maxAgeMs: null } as const;
    const checks = listChecks(await verifyAttestationDocument(bytes, bare, live, signatures), "attestation document");
    expect(checks.some(({ stage }) => ["result-file", "identity", "result", "disclosures"].includes(stage))).toBe(false);
    expect(checks.find(({ title }) => title.startsWith("Every certificate was valid"))).toMatchObject({
      state: "passed",
      expected: new Date(NOW_MS + 1000).toISOString(),
    });
    const cut = listChecks(await verifyAttestationDocument(bytes.subarray(0, 100), bare, live, signatures), "attestation document");
    expect(cut.map(({ state }) => state).slice(0, 3)).toEqual(["passed", "failed", "not reached"]);
    expect(cut[1]).toMatchObject({ stage: "envelope", expected: expect.any(String), found: expect.any(String) });
  });

  it("name what contradicts itself, where the caller asked to be told, and a region that nobody tells", async () => {
    const odd = makeChain((parts) => (parts.leaf.subject = parts.root.subject));
    const bare = parseTrustFile(trustText(odd.root, { pcrs: [{ 0: "10".repeat(48), 1: "11".repeat(48), 2: "12".repeat(48) }] }));
    const mode = { kind: "archived", atMs: null, nonce: null } as const;
    const verdict = await verifyAttestationDocument(makeDocument({ chain: odd }).bytes, bare, mode, signatures, { consistency: "report" });
    const checks = listChecks(verdict, "attestation document");
    expect(checks.find(({ stage }) => stage === "consistency")).toMatchObject({
      state: "reservation",
      found: expect.stringContaining("module-id-leaf-name"),
    });
    expect(checks.find(({ title }) => title.includes("region"))?.found).toBe("unknown");
    // asked for as a result file, a document still shows nothing of a result
    const asFile = listChecks(verdict, "result file").filter(({ stage }) => stage === "identity" || stage === "result");
    expect(asFile.length).toBeGreaterThan(5);
    expect(asFile.filter(({ expected, found }) => expected !== null || found !== null)).toEqual([]);
  });

  it("do not say of a refused file that hardware made it, or that nothing was revoked", async () => {
    const simulator = makeResultFile({ chain: makeChain(undefined, "SIMULATED.nitro-enclaves") });
    const allowing = parseTrustFile(trustText(simulator.root, { allowSimulator: true }));
    const checks = listChecks(await verifyResultFile(simulator.bytes, allowing, { nonce: new Uint8Array(8) }, signatures), "result file");
    expect(checks.find(({ state }) => state === "failed")?.title).toContain("asked for");
    expect(checks.filter(({ title }) => /simulator|debug/.test(title))).toEqual([]);
    expect(checks.find(({ stage }) => stage === "revocation")?.state).toBe("not checked");
  });

  it("do not say of a document out of time that its certificates were signed, or of an empty trust file that anything was read", async () => {
    const { bytes, root } = makeDocument({ chain });
    const bare = parseTrustFile(trustText(root));
    const mode = { kind: "live", nowMs: NOW_MS + 1000, nonce: null, maxAgeMs: 0 } as const;
    const old = await verifyAttestationDocument(bytes, bare, mode, signatures);
    expect(old.code).toBe("timestamp-age");
    const late = listChecks(old, "attestation document");
    expect(late.find(({ title }) => title === "Each certificate was signed with the key of the one above")?.state).toBe("not reached");
    const nobody = parseTrustFile(trustText(root, { pcrs: [] }));
    const unread = listChecks(await verifyResultFile(Uint8Array.of(1), nobody, {}, signatures), "result file");
    expect(states(unread)).toEqual(["failed", "not reached"]);
  });

  it("fall back on the sentence where a refusal found nothing to show", () => {
    const verdict = {
      status: "contraindicated",
      code: "document-signature",
      expected: null,
      actual: null,
      sentence: "s",
      spec: "x",
      notChecked: [],
    };
    expect(listChecks(verdict as never, "attestation document").find(({ state }) => state === "failed")?.found).toBe("s");
  });
});
