import type { StatusList } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { testConstitution } from "../generate/test-approvals.ts";
import { NOW_MS, pcr } from "../generate/test-pki.ts";
import { CONSTITUTION_DIGEST, makeResultFile } from "../generate/test-result.ts";
import { makeStatusList, NOW_S } from "../generate/test-status-list.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { verifyResultFile } from "../verdict/verify-result-file.ts";
import { judgeResult } from "./judge.ts";
import { statusCheck } from "./status-check.ts";
import { verifyStatusList } from "./verify-status-list.ts";

const { bytes, trust } = makeResultFile();
const DIGEST = pcr(0x44);
const releases = [{ digest: DIGEST, images: [pcr(0x10)], lifecycle: "active" as const }];
const since = (time: number): Partial<StatusList> => ({
  releases,
  revocations: [{ what: "release", id: DIGEST, since: time, reason: "broken" }],
});

describe("the check that a status list is", () => {
  it.each<[string, Partial<StatusList>, string, string]>([
    ["passes", {}, "passed", "nothing of it, in number 1"],
    ["has a reservation", since(NOW_S + 3600), "reservation", "the release was revoked later"],
    ["fails", since(NOW_S), "failed", "the release had been revoked when the result was made"],
  ])("%s", async (_, change, state, found) => {
    const context = { constitution: testConstitution(), constitutionDigest: CONSTITUTION_DIGEST, nowMs: NOW_MS, before: null };
    const list = await verifyStatusList(makeStatusList(CONSTITUTION_DIGEST, change), context, signatures);
    const judged = judgeResult(await verifyResultFile(bytes, parseTrustFile(trust), {}, signatures), list);
    expect(statusCheck(judged, list)).toMatchObject({ stage: "status", state, found: expect.stringContaining(found) });
  });
});
