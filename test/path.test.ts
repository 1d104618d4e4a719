import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createResultVerifier, parseTrustFile, rememberSignatures, verifyResultFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { readInputs, submit, type SubmitOptions, type SubmitOutcome } from "@caladrius/client";
import { makeSampleRecordings } from "@caladrius/client/samples";
import { decodeResultFile, encodeResultFile, type Recording } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "./support/index.ts";

const MITDB = new URL("../../shared/vitals/mitdb-ds1/", import.meta.url);
const mitdbThere = ((): boolean => {
  try {
    return readdirSync(MITDB).length > 0;
  } catch {
    return false;
  }
})();

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(async () => {
  await stack.close();
});

const send = (recordings: readonly Recording[], options: Partial<SubmitOptions> = {}): Promise<SubmitOutcome[]> =>
  submit(
    recordings.map((recording) => ({ recording })),
    { hostUrl: stack.url, trust: parseTrustFile(stack.trust), level: "full", ...options },
  );

describe("the path from a recording to a verdict", () => {
  it("runs through an enclave process of its own, and says how far it was isolated", () => {
    expect(stack.enclave.pid).not.toBe(process.pid);
    expect(stack.enclave.isolation.detail).not.toBe("");
  });

  it("gives every sample recording a verified result, at most a warning, with what was not checked", async () => {
    const recordings = makeSampleRecordings();
    const outcomes = await send(recordings);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(recordings.map(() => "verified"));
    for (const { verdict } of outcomes) {
      expect(verdict).toMatchObject({ status: "warning", exitCode: 0 });
      expect(verdict?.sentence).toMatch(/simulator/);
      expect(verdict?.notChecked).toEqual(
        expect.arrayContaining(["revocation", "input provenance", "fork", "tail", "witness", "lifecycle"]),
      );
    }
    const found = outcomes.map((outcome) => outcome.verdict?.claims?.disclosed.finding.map((finding) => finding.code) ?? []);
    expect(found[0]).toContain("news2-high"); // the script has the first one deteriorate
    expect(found[3]).toContain("asystole"); // and the fourth one pause
  });

  it("finds the same in the same recording, bit for bit", async () => {
    const [recording] = makeSampleRecordings();
    if (recording === undefined) throw new Error("no samples");
    const [a, b] = await send([recording, { ...recording, device: recording.device }]);
    const essence = (outcome: SubmitOutcome | undefined): unknown => {
      const { finding, series, coverage, detectors, "alarm-summary": summary } = outcome?.verdict?.claims?.disclosed ?? {};
      return { finding, series, coverage, detectors, summary };
    };
    expect(essence(a)).toEqual(essence(b));
    expect(a?.file).not.toEqual(b?.file);
  });

  it("discloses what the level says and no more", async () => {
    const [recording] = makeSampleRecordings();
    if (recording === undefined) throw new Error("no samples");
    const [alarm] = await send([recording], { level: "alarm" });
    const [findings] = await send([recording], { level: "findings" });
    expect(alarm?.verdict?.claims?.disclosed).toMatchObject({ finding: [], coverage: null, subject: null });
    expect(alarm?.verdict?.claims?.disclosed["alarm-summary"]).toMatchObject({ anyAlarm: true });
    expect(findings?.verdict?.claims?.disclosed).toMatchObject({ subject: null, series: [] });
    expect(findings?.verdict?.claims?.disclosed.finding.length).toBeGreaterThan(0);
    expect(alarm?.verdict?.claims?.withheldAtMost).toBeGreaterThan(findings?.verdict?.claims?.withheldAtMost ?? 0);
  });

  const denials: Record<string, Partial<SubmitOptions>> = {
    "denied-purpose": { purpose: "HMARKT" },
    "denied-level": { purpose: "HPAYMT", level: "full" },
    "denied-detector": { detectors: ["palmistry"] },
    "denied-policy-floor": { floors: { policyVersion: 99, statusVersion: 0 } },
    "denied-status-floor": { floors: { policyVersion: 0, statusVersion: 99 } },
    "denied-grant": { grants: [{ grant: new Uint8Array(10), use: 1 }] },
  };
  for (const [code, options] of Object.entries(denials)) {
    it(`answers ${code} inside an answer that looks like any other`, async () => {
      const [recording] = makeSampleRecordings();
      if (recording === undefined) throw new Error("no samples");
      const [outcome] = await send([recording], options);
      expect(outcome?.verdict).toMatchObject({ status: "warning", exitCode: 0 });
      expect(outcome?.verdict).toHaveProperty("reasons", expect.arrayContaining(["denied"]));
      expect(outcome?.verdict?.claims?.disclosed.denial).toBe(code);
      expect(outcome?.verdict?.claims?.disclosed["alarm-summary"]).toBeNull();
    });
  }

  it("works with the small suite too", async () => {
    const [, recording] = makeSampleRecordings();
    if (recording === undefined) throw new Error("no samples");
    const [outcome] = await send([recording], { suites: ["X25519"] });
    expect(outcome?.status).toBe("verified");
  });

  it("refuses a result file with any single byte changed, naming the check", async () => {
    const [, , recording] = makeSampleRecordings();
    if (recording === undefined) throw new Error("no samples");
    const [outcome] = await send([recording], { level: "findings" });
    const file = outcome?.file ?? new Uint8Array();
    const trust = parseTrustFile(stack.trust);
    const accepted: number[] = [];
    const verify = createResultVerifier(trust, {}, rememberSignatures(signatures)); // what did not change is verified once
    // every byte of the statement, the disclosures and the envelopes; the evidence has its own exhaustive test
    for (let at = 0; at < file.length; at += at < 3000 ? 1 : 7) {
      const changed = Uint8Array.from(file);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      const verdict = await verify(changed);
      if (verdict.status !== "contraindicated") accepted.push(at);
      else expect(verdict.code).toMatch(/^[a-z0-9-]+$/);
    }
    expect(accepted).toEqual([]);
  });

  it("counts what a holder took out, and is not affirming without the alarm summary", async () => {
    const [recording] = makeSampleRecordings();
    if (recording === undefined) throw new Error("no samples");
    const [outcome] = await send([recording]);
    const whole = decodeResultFile(outcome?.file ?? new Uint8Array());
    const verdict = await verifyResultFile(encodeResultFile({ ...whole, disclosures: [] }), parseTrustFile(stack.trust), {}, signatures);
    expect(verdict.status).toBe("warning");
    expect(verdict).toHaveProperty("reasons", expect.arrayContaining(["alarm-summary-withheld"]));
    expect(verdict.claims?.withheldAtMost).toBeGreaterThan(outcome?.verdict?.claims?.withheldAtMost ?? 0);
  });

  it.skipIf(!mitdbThere)("takes all 22 records of MIT-BIH's DS1 in one call", async () => {
    const { recordings, problems } = await readInputs([MITDB.pathname]);
    expect(problems).toEqual([]);
    const outDir = mkdtempSync(join(tmpdir(), "caladrius-out-"));
    const outcomes = await submit(recordings, { hostUrl: stack.url, trust: parseTrustFile(stack.trust), outDir });
    expect(outcomes).toHaveLength(22);
    expect(outcomes.filter((outcome) => outcome.status !== "verified")).toEqual([]);
    for (const name of readdirSync(outDir)) {
      const verdict = await verifyResultFile(new Uint8Array(readFileSync(join(outDir, name))), parseTrustFile(stack.trust), {}, signatures);
      expect(verdict.status).toBe("warning");
    }
    const rssKiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${enclaveNode(stack.enclave.pid)}/status`, "utf8"))?.[1]);
    expect(rssKiB / 1024).toBeLessThan(200);
  });
});

/** The innermost process below a launcher's: the program itself. */
function enclaveNode(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? pid : enclaveNode(Number(children.split(" ")[0]));
}
