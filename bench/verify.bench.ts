import { createPublicKey, verify, type KeyObject } from "node:crypto";
import {
  createResultVerifier,
  rememberSignatures,
  verifyAttestationDocument,
  type SignatureBackend,
  type TimeMode,
} from "@caladrius/attestation-verifier";
import { createSignatures, signatures as node } from "@caladrius/attestation-verifier/signatures";
import { signatures as noble } from "@caladrius/attestation-verifier/signatures/noble";
import { signatures as webcrypto } from "@caladrius/attestation-verifier/signatures/webcrypto";
import type { Report } from "./report.ts";
import { inProcess, MEASURES, timeInTurns, type Candidate } from "./rounds.ts";
import { openPeers } from "./verify-peers.ts";
import { makeResults, type Results } from "./verify-results.ts";
import { openSubject, type Subject } from "./verify-subject.ts";

/** What is handed to a signature back end. */
type Signed = Parameters<SignatureBackend["verifyEs384"]>;

/** At most so many times the floor. */
const TARGETS: ReadonlyMap<string, number> = new Map([
  ["ours, cold", 1.15],
  ["ours, chain cached", 0.5],
  ["ours, leaf cached", 0.25],
  ["ours, parse and policy alone", 0.02],
]);
const FLOOR = "floor: five bare P-384 verifications";
const ROUNDS = 50;
const RESULTS = 1000;
const RESULT_ROUNDS = 20;

/**
 * What it costs to verify one attestation document, against its five signatures alone and against the npm peers; and the
 * results of one enclave, against their signatures alone.
 */
export async function run(report: Report): Promise<void> {
  await documents(report);
  await results(report);
}

async function documents(report: Report): Promise<void> {
  const subject = await openSubject();
  report.progress(`one ${subject.name}, ${subject.document.length} bytes`);
  const signed = await signaturesOf(subject);
  const peers = await openPeers(subject);
  for (const [name, { skipped }] of peers) if (skipped !== null) report.progress(`skipped ${name}: ${skipped}`);
  try {
    const candidates = [
      ...own(subject, signed),
      ...[...peers].flatMap(([name, { candidate }]) => (candidate ? [{ ...candidate, name }] : [])),
    ];
    for (const { name, calls, costs, ratios } of await timeInTurns(candidates, ROUNDS)) {
      report.progress(`${name}: ${calls} calls`);
      const target = TARGETS.get(name) ?? null;
      for (const measure of MEASURES)
        report.add(`${name}: ${measure}`, costs[measure], "us", { name: "floor", ratio: ratios[measure], target });
    }
  } finally {
    for (const peer of peers.values()) peer.close();
  }
}

async function results(report: Report): Promise<void> {
  report.progress(`${RESULTS} results of one enclave`);
  const candidates = ownOfResults(await makeResults(RESULTS));
  for (const { name, costs, ratios } of await timeInTurns(candidates, RESULT_ROUNDS)) {
    const against = { name: "bare Ed25519", target: null };
    report.add(`${name}: p50`, 1e6 / (costs.p50 / RESULTS), "results/s");
    for (const measure of MEASURES)
      report.add(`${name}: ${measure}`, costs[measure] / RESULTS, "us/result", { ...against, ratio: ratios[measure] });
  }
}

function ownOfResults({ files, trust, signed }: Results): Candidate[] {
  const keyed = signed.map(([publicKey, message, signature]) => ({ key: ed25519Key(publicKey), message, signature }));
  return [
    inProcess("floor: bare Ed25519 of each result", () => {
      for (const { key, message, signature } of keyed)
        if (!verify(null, message, key, signature)) throw new Error("a genuine signature was refused");
    }),
    inProcess("ours, results of one enclave", async () => {
      const judge = createResultVerifier(trust, {}, createSignatures());
      for (const bytes of files) {
        const verdict = await judge(bytes);
        if (verdict.status === "contraindicated") throw new Error(`a result was refused: ${verdict.code}`);
      }
    }),
  ];
}

function own(subject: Subject, signed: readonly Signed[]): Candidate[] {
  const keyed = signed.map(([publicKey, message, signature]) => ({ key: p384Key(publicKey), message, signature }));
  // Which signatures are known, and which keys have come before: each signature is by the key of the certificate above
  const chain = { signatures: signed.slice(0, 3), keys: signed.slice(0, 4) };
  const leaf = { signatures: signed.slice(0, 4), keys: signed };
  const judge = (signatures: SignatureBackend) => () => judgeSubject(subject, signatures);
  const remembering = (known: Known) => () => judge(knowing(known));
  return [
    inProcess(FLOOR, () => {
      for (const { key, message, signature } of keyed)
        if (!verify("sha384", message, { key, dsaEncoding: "ieee-p1363" }, signature)) throw new Error("a genuine signature was refused");
    }),
    inProcess("ours, cold", judge(node)),
    inProcess("ours, chain cached", judge(node), remembering(chain)),
    inProcess("ours, leaf cached", judge(node), remembering(leaf)),
    inProcess("ours, parse and policy alone", judge({ ...node, verifyEs384: () => true })),
    inProcess("ours on WebCrypto", judge(webcrypto)),
    inProcess("ours on noble", judge(noble)),
  ];
}

async function judgeSubject({ document, trust, atMs }: Subject, signatures: SignatureBackend): Promise<void> {
  const mode: TimeMode = { kind: "archived", atMs, nonce: null };
  const verdict = await verifyAttestationDocument(document, trust, mode, signatures);
  if (verdict.status === "contraindicated") throw new Error(`the document was refused: ${verdict.code}`);
}

/** The five signatures of the document: the chain's from the top down, then its own. */
async function signaturesOf(subject: Subject): Promise<readonly Signed[]> {
  const signed: Signed[] = [];
  await judgeSubject(subject, { ...node, verifyEs384: (...of) => (signed.push(of), node.verifyEs384(...of)) });
  if (signed.length !== 5) throw new Error(`expected five signatures, found ${signed.length}`);
  return signed;
}

interface Known {
  readonly signatures: readonly Signed[];
  readonly keys: readonly Signed[];
}

/** A memory that holds just these signatures and keys, as if documents under the same certificates had come before. */
function knowing(known: Known): SignatureBackend {
  const keeping = createSignatures();
  for (const of of known.keys) void keeping.verifyEs384(...of);
  let filling = true;
  const memory = rememberSignatures({ ...keeping, verifyEs384: (...of) => filling || keeping.verifyEs384(...of) });
  for (const of of known.signatures) void memory.verifyEs384(...of);
  filling = false;
  return memory;
}

function p384Key(publicKey: Uint8Array): KeyObject {
  const coordinate = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
  return createPublicKey({
    format: "jwk",
    key: { kty: "EC", crv: "P-384", x: coordinate(publicKey.subarray(1, 49)), y: coordinate(publicKey.subarray(49)) },
  });
}

function ed25519Key(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") } });
}
