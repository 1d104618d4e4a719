import { encodeResultFile } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { makeTimeStamp, timeAuthorityPem } from "../generate/test-time-stamp.ts";
import { makeResultFile, sha256, trustText } from "../generate/test-result.ts";
import { makeChain, NOW_MS } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { diffTrustFiles } from "../trust/diff-trust-files.ts";
import { renderTrustFile } from "../trust/render-trust-file.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { verifyResultFile } from "./verify-result-file.ts";

const HOUR = 3_600_000;
const { file, root } = makeResultFile({ chain: makeChain() });
const stamped = (genTimeMs: number, over: Uint8Array = file.result): Uint8Array =>
  encodeResultFile({ ...file, timeEvidence: makeTimeStamp({ digest: sha256(over), genTimeMs }) });
const text = trustText(root, { timeAuthorities: [timeAuthorityPem()] });
const trust = parseTrustFile(text);
const judge = (bytes: Uint8Array, under = trust) => verifyResultFile(bytes, under, {}, signatures);

describe("the time of an archived result", () => {
  it("is proved by a stamp made while its enclave's certificates were valid", async () => {
    const verdict = await judge(stamped(NOW_MS + 90_000));
    expect(verdict).toMatchObject({ status: "affirming", code: "verified", mode: "archived", atMs: NOW_MS });
    expect(verdict.claims?.provedTime).toMatchObject({ inTime: true, authority: expect.any(String) });
    expect(verdict.claims?.provedTime?.atMs).toBeGreaterThanOrEqual(NOW_MS + 90_000);
    expect(verdict.notChecked).not.toContain("time");
  });

  it("is proved too late by a stamp made after they had expired", async () => {
    const verdict = await judge(stamped(NOW_MS + 2 * HOUR + 1));
    expect(verdict).toMatchObject({
      status: "warning",
      code: "time-late",
      reasons: ["time-late"],
      claims: { provedTime: { inTime: false } },
    });
    expect(verdict.notChecked).toContain("time");
  });

  it("is not before the result, as far as two clocks can tell", async () => {
    expect(await judge(stamped(NOW_MS - 10_000))).toMatchObject({ code: "time-evidence-early", claims: null });
    expect(await judge(stamped(NOW_MS + 30_000))).toMatchObject({ status: "affirming" });
  });

  it("is not that of another result", async () => {
    expect(await judge(stamped(NOW_MS + 90_000, file.identity))).toMatchObject({ code: "time-evidence-imprint", claims: null });
  });

  it("is left open where no authority is trusted, and refused from one that is not", async () => {
    const bytes = stamped(NOW_MS + 90_000);
    const none = await judge(bytes, parseTrustFile(trustText(root)));
    expect(none).toMatchObject({ status: "warning", code: "time-not-proved", claims: { provedTime: null } });
    expect(none.notChecked).toContain("time");
    const other = parseTrustFile(trustText(root, { timeAuthorities: [timeAuthorityPem("P-256")] }));
    expect(await judge(bytes, other)).toMatchObject({ code: "time-evidence-authority", claims: null });
  });
});

describe("time authorities of a trust file", () => {
  it.each([
    [["no PEM"], "trust-time-authority"],
    [[7], "trust-time-authority"],
    ["x", "trust-value"],
    [[(JSON.parse(trustText(root)) as { roots: string[] }).roots[0]], "accepted"], // it issues certificates
  ])("%#", (timeAuthorities, expected) => {
    const read = (): string => {
      try {
        parseTrustFile(trustText(root, { timeAuthorities }));
        return "accepted";
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(read()).toBe(expected);
  });

  it("are written and compared", () => {
    expect(parseTrustFile(renderTrustFile(trust))).toEqual(trust);
    const without = parseTrustFile(trustText(root));
    expect(diffTrustFiles(without, trust)).toMatchObject([{ what: "timeAuthority", before: null, widens: true }]);
    expect(diffTrustFiles(trust, without)).toMatchObject([{ what: "timeAuthority", after: null, widens: false }]);
  });
});

it("is not after the time that the caller chose", async () => {
  const at = (atMs: number) =>
    verifyResultFile(stamped(NOW_MS + 90_000), trust, { mode: { kind: "archived", atMs, nonce: null } }, signatures);
  expect(await at(NOW_MS)).toMatchObject({ status: "affirming" }); // within a minute of it
  expect(await at(NOW_MS - 1)).toMatchObject({ code: "result-future", claims: null });
});
