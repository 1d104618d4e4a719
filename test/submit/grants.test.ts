import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readFile, rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTrustFile, type TrustFile } from "@caladrius/attestation-verifier";
import {
  createSubmitterKey,
  fetchReply,
  HostClient,
  openDeviceSigner,
  openGrantUses,
  parseReceipt,
  submit,
  type DeviceKey,
  type SubmitOptions,
  type SubmitOutcome,
  type SubmitterKey,
} from "@caladrius/client";
import { makeDeployment, PERSON } from "@caladrius/enclave/test-support/deployment.ts";
import {
  approvedBytes,
  decodeBundle,
  decodeStatement,
  encodeApproval,
  encodeBundle,
  encodeGrant,
  encodeStatement,
  type BootMessage,
  type Bundle,
  type Grant,
} from "@caladrius/wire";
import { makeSurroundings, type Surroundings } from "../support/index.ts";
import { startEnclave, trustFor } from "./enclave.ts";
import { FakeHost } from "./fake-host.ts";
import { smallRecording } from "./recording.ts";

// A real enclave program whose bundle demands grants for research and signatures of its one registered device.

const SUBJECT = "subject-7";
const QUICK = { firstPauseMs: 2, longestPauseMs: 30, patienceMs: 2000, firstContactMs: 300 };

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

function newKey(): DeviceKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  return { publicKey: { alg: "Ed25519", key: raw }, sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)) };
}

const issuer = newKey();
const device = newKey();
const now = Math.floor(Date.now() / 1000);
let surroundings: Surroundings;
let trust: TrustFile;
let host: FakeHost;
let url: string;
let folder: string;
let key: SubmitterKey;

beforeAll(async () => {
  const own = await makeSurroundings();
  const boot = underRules({
    purposes: [
      { code: "TREAT", care: true, grantRequired: false, submitterLevel: "full", recipientLevel: "findings" },
      { code: "HRESCH", care: false, grantRequired: true, submitterLevel: "findings", recipientLevel: "alarm" },
    ],
    grantIssuers: [{ name: "clinic", key: issuer.publicKey }],
    devices: {
      registered: [{ name: "monitor-1", key: device.publicKey, subject: null }],
      unsigned: "accept",
      unknown: "deny",
      gap: "deny",
      replay: "deny",
    },
  });
  surroundings = { ...own, boot };
  trust = parseTrustFile(trustFor(surroundings));
  host = new FakeHost(await startEnclave(surroundings));
  url = await host.listen();
  folder = await mkdtemp(join(tmpdir(), "caladrius-grants-"));
  key = await createSubmitterKey();
});
afterAll(async () => {
  await host.close();
  await rm(folder, { recursive: true, force: true });
  await rm(surroundings.dir, { recursive: true, force: true });
});

/** The test deployment with other rules in its bundle, which its author signs and approves. */
function underRules(rules: Partial<Bundle>): BootMessage {
  const { boot, constitutionDigest } = makeDeployment({ nowSeconds: now, kms: false, dataKeys: [] });
  const { developer } = PERSON;
  const bundle = { ...decodeBundle(decodeStatement(boot.bundle, "bundle").payload), ...rules };
  const statement = encodeStatement("bundle", "Ed25519", encodeBundle(bundle), developer.sign);
  const digest = new Uint8Array(
    createHash("sha384")
      .update(approvedBytes("bundle", constitutionDigest, statement))
      .digest(),
  );
  const approval = encodeApproval({ kind: "bundle", digest, person: "developer", role: "development", at: now });
  return { ...boot, bundle: statement, bundleApprovals: [encodeStatement("approval", "Ed25519", approval, developer.sign)] };
}

function grantOf(change: Partial<Grant> = {}): Uint8Array {
  const grant: Grant = {
    version: 1,
    id: new Uint8Array(randomBytes(16)),
    issuer: sha256(issuer.publicKey.key),
    holder: key.signing,
    subject: SUBJECT,
    purposes: ["HRESCH"],
    channels: null,
    detectors: null,
    level: "findings",
    notBefore: now - 3600,
    notAfter: now + 3600,
    samples: null,
    uses: 3,
    ward: null,
    source: { kind: "direct", digest: null },
    ...change,
  };
  return encodeStatement("grant", "Ed25519", encodeGrant(grant), (bytes) => issuer.sign(bytes));
}

const submitted = (count: number, options: Partial<SubmitOptions>): Promise<SubmitOutcome[]> => {
  const inputs = Array.from({ length: count }, () => ({ recording: smallRecording(SUBJECT), sources: ["night.csv"] }));
  return submit(inputs, { hostUrl: url, trust, key, retry: QUICK, level: "findings", ...options });
};
const denialOf = ({ verdict, problem }: SubmitOutcome): string | null => {
  if (problem !== null) throw problem;
  return verdict?.claims?.disclosed.denial ?? null;
};

describe("grants at the submitter", () => {
  it("carry uses that no job of this key had before, over calls and at the same time", async () => {
    const statement = grantOf();
    const uses = (): SubmitOptions["grantUses"] => openGrantUses([{ statement, firstUse: null }], key.signing, join(folder, "uses"));
    const some = await Promise.all([
      submitted(1, { purpose: "HRESCH", grantUses: uses()! }),
      submitted(2, { purpose: "HRESCH", grantUses: uses()! }),
    ]);
    expect(some.flat().map(denialOf)).toEqual([null, null, null]);
    expect(
      some
        .flat()
        .map(({ verdict }) => verdict?.claims?.disclosed.grant?.use)
        .toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    ).toEqual([1, 2, 3]);
    const [fourth] = await submitted(1, { purpose: "HRESCH", grantUses: uses()! });
    expect(fourth?.problem).toMatchObject({ code: "grant-used-up" });
    // The ledger only keeps from accidents: a use that was spent is denied by the enclave.
    const again = openGrantUses([{ statement, firstUse: 2 }], key.signing, join(folder, "uses"));
    expect((await submitted(1, { purpose: "HRESCH", grantUses: again })).map(denialOf)).toEqual(["denied-grant-spent"]);
  });

  it("go with recordings of their own subject alone, and lose no use to another's", async () => {
    const [one, two] = [grantOf({ uses: 1 }), grantOf({ uses: 1, subject: "subject-other" })];
    const uses = openGrantUses(
      [one, two].map((statement) => ({ statement, firstUse: null })),
      key.signing,
      join(folder, "uses-of-two"),
    );
    const of = (subject: string): Parameters<typeof submit>[0][number] => ({ recording: smallRecording(subject), sources: ["night.csv"] });
    const [stranger] = await submit([of("subject-third")], { hostUrl: url, trust, key, retry: QUICK, purpose: "HRESCH", grantUses: uses });
    expect(stranger?.problem).toMatchObject({ code: "grant-subject" });
    expect(String(stranger?.problem)).toContain(`the recording is of subject-third, the grants are for ${SUBJECT}, subject-other`);
    const both = await submit([of(SUBJECT), of("subject-other")], {
      hostUrl: url,
      trust,
      key,
      retry: QUICK,
      purpose: "HRESCH",
      grantUses: uses,
    });
    expect(both.map(denialOf)).toEqual([null, null]);
  });

  it("are refused here when they are another's, and are no help to another who sends them all the same", async () => {
    const statement = grantOf();
    const thief = await createSubmitterKey();
    expect(() => openGrantUses([{ statement, firstUse: null }], thief.signing, folder)).toThrow(/given to another key/);
    expect(() => openGrantUses([{ statement: new Uint8Array(9), firstUse: null }], key.signing, folder)).toThrow(/is no grant/);
    const outcomes = await submitted(1, { purpose: "HRESCH", key: thief, grants: [{ grant: statement, use: 1 }] });
    expect(outcomes.map(denialOf)).toEqual(["denied-grant"]);
    expect((await submitted(1, { purpose: "HRESCH" })).map(denialOf)).toEqual(["denied-grant-missing"]);
  });
});

describe("devices at the submitter", () => {
  it("number their recordings in order, send one again under its number, and leave no gap", async () => {
    const signer = openDeviceSigner(device, join(folder, "batches"));
    const recordings = [1, 2, 3].map((n) => ({
      recording: { ...smallRecording(SUBJECT), events: [{ atMs: n, kind: "oxygen" as const, value: "on" }] },
    }));
    const options = { hostUrl: url, trust, key, retry: QUICK, level: "full", device: signer } as const;
    const first = await submit(recordings, options);
    expect(first.map(denialOf)).toEqual([null, null, null]);
    expect(first.map(({ verdict }) => verdict?.claims?.disclosed.input?.sequence)).toEqual([0, 1, 2]);
    expect(first[0]?.verdict?.claims?.disclosed.input?.device).toEqual(sha256(device.publicKey.key));
    const again = await submit(recordings.slice(2), { ...options, device: openDeviceSigner(device, join(folder, "batches")) });
    expect(again.map(denialOf)).toEqual([null]);
    expect(again[0]?.verdict?.claims?.disclosed.input?.sequence).toBe(2);
    const older = await submit(recordings.slice(0, 1), options);
    expect(older.map(denialOf)).toEqual(["denied-device-replay"]);
  });

  it("count for nothing under a key that is not registered", async () => {
    const stranger = openDeviceSigner(newKey(), join(folder, "batches"));
    expect((await submitted(1, { device: stranger })).map(denialOf)).toEqual(["denied-device-unknown"]);
  });
});

describe("further recipients", () => {
  it("fetch, open and verify their own replies at their own levels with a receipt that holds nothing secret", async () => {
    const [ward, insurer] = [await createSubmitterKey(), await createSubmitterKey("X25519")];
    const outDir = await mkdtemp(join(folder, "out-"));
    const recipients = [
      { key: ward.sealing, level: "findings" },
      { key: insurer.sealing, level: "alarm" },
    ] as const;
    const [outcome] = await submitted(1, { level: "full", recipients, outDir });
    expect(outcome?.status).toBe("verified");
    const reader = {
      host: new HostClient(url, { signal: AbortSignal.timeout(20_000), retry: QUICK }),
      trust,
      signal: AbortSignal.timeout(20_000),
    };
    const receipts = await Promise.all(
      [1, 2].map(async (n) => parseReceipt(await readFile(join(outDir, `night.recipient-${n}.json`), "utf8"))),
    );
    expect(receipts).toEqual(outcome?.receipts);
    const [forWard, forInsurer] = await Promise.all([
      fetchReply(receipts[0]!, { ...reader, key: ward }),
      fetchReply(receipts[1]!, { ...reader, key: insurer }),
    ]);
    expect(forWard.verdict.claims?.disclosed).toMatchObject({ level: "findings", subject: null });
    expect(forWard.verdict.claims?.disclosed.finding.length).toBeGreaterThan(0);
    expect(forInsurer.verdict.claims?.disclosed).toMatchObject({ level: "alarm", finding: [] });
    await expect(fetchReply(receipts[0]!, { ...reader, key: insurer })).rejects.toMatchObject({ code: "reply-form" });
    const other = await createSubmitterKey();
    await expect(fetchReply(receipts[0]!, { ...reader, key: other })).rejects.toMatchObject({ code: "reply-open" });
  });

  it("refuse receipts that are none", () => {
    for (const text of [
      "",
      "null",
      "[]",
      "{}",
      '{"caladriusReceipt":1,"job":"00","digest":"","nonce":"","paddedBytes":-1,"recipient":9,"level":"all"}',
    ])
      expect(() => parseReceipt(text)).toThrow(/no receipt/);
  });
});
