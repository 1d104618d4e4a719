import { describe, expect, it } from "vitest";
import { listEntry, makeList, namesLists } from "../generate/test-crl.ts";
import { makeDocument } from "../generate/test-document.ts";
import { makeChain, NOW_MS } from "../generate/test-pki.ts";
import { makeResultFile, trustText } from "../generate/test-result.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { verifyAttestationDocument } from "./verify-attestation-document.ts";
import { verifyResultFile } from "./verify-result-file.ts";

const chain = makeChain(namesLists);
const { bytes, trust: text } = makeResultFile({ chain });
const trust = parseTrustFile(text);
const lists = [makeList("root"), makeList("regional")];
const revoked = makeList("root", (parts) => {
  parts.entries = [listEntry("5a00000000000000000000000000000000", NOW_MS - 60_000, 1)];
});

describe("revocation in verdicts", () => {
  it("is open without lists, and says where they are", async () => {
    const verdict = await verifyResultFile(bytes, trust, {}, signatures);
    expect(verdict.notChecked).toContain("revocation");
    expect(verdict.claims?.evidence.revocation).toEqual({ covered: [] });
    expect(verdict.claims?.evidence.crlDistributionPoints).toMatchObject([
      { certificate: "regional certificate", urls: [expect.stringMatching(/^http/)] },
      { certificate: "zonal certificate", urls: [expect.stringMatching(/^http/)] },
    ]);
  });

  it("is checked with a current list of every authority that publishes one", async () => {
    const some = await verifyResultFile(bytes, trust, { crls: lists.slice(0, 1) }, signatures);
    expect(some.claims?.evidence.revocation).toEqual({ covered: ["regional certificate"] });
    expect(some.notChecked).toContain("revocation");
    const all = await verifyResultFile(bytes, trust, { crls: lists }, signatures);
    expect(all.claims?.evidence.revocation).toEqual({ covered: ["regional certificate", "zonal certificate"] });
    expect(all.notChecked).not.toContain("revocation");
  });

  it("ends the verdict for a certificate that is listed", async () => {
    expect(await verifyResultFile(bytes, trust, { crls: [revoked] }, signatures)).toMatchObject({ code: "chain-revoked", claims: null });
    const { bytes: document, root } = makeDocument({ chain });
    const { pcrs, ...rest } = JSON.parse(trustText(root)) as { pcrs: Record<string, string>[] };
    const bare = parseTrustFile(JSON.stringify({ ...rest, pcrs: pcrs.map(({ 16: _, ...image }) => image) }));
    const live = { kind: "live", nowMs: NOW_MS, nonce: null, maxAgeMs: null } as const;
    expect(await verifyAttestationDocument(document, bare, live, signatures, { crls: [revoked] })).toMatchObject({ code: "chain-revoked" });
    const checked = await verifyAttestationDocument(document, bare, live, signatures, { crls: lists });
    expect(checked).toMatchObject({ status: "affirming", notChecked: ["lifecycle"] });
  });
});
