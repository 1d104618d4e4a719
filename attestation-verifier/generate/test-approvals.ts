import { createHash, createPublicKey, sign, type KeyObject } from "node:crypto";
import {
  approvedBytes,
  encodeApproval,
  encodeConstitution,
  encodePasskeyApproval,
  encodeRelease,
  encodeStatement,
  passkeyChallenge,
  toBase64,
  type Approval,
  type Approver,
  type Constitution,
  type PasskeyApproval,
  type Release,
  type StatementKind,
} from "@caladrius/wire";
import { ed25519TestKey, testKey } from "./test-keys.ts";
import { pcr, sha384 } from "./test-pki.ts";

export const ORIGIN = "http://localhost:7311";
export const RP_ID = "localhost";
/** Keys of three persons: two in files, one in a passkey. */
export const ADA: KeyObject = ed25519TestKey("ada, vendor");
export const BEN: KeyObject = testKey("ben, hospital, passkey", "P-256");
export const CYN: KeyObject = ed25519TestKey("cyn, insurer");

/** An approver, as a constitution has one; with a key of P-256 a passkey unless said otherwise. */
export function approverOf(person: string, role: string, key: KeyObject, passkey: Approver["passkey"] = null): Approver {
  return { person, role, key: publicKeyOf(key), passkey };
}

/** The raw public key of a test key. */
export function publicKeyOf(key: KeyObject): Approver["key"] {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return key.asymmetricKeyType === "ed25519"
    ? { alg: "Ed25519", key: new Uint8Array(spki.subarray(-32)) }
    : { alg: "ESP256", key: new Uint8Array(spki.subarray(-65)) };
}

/** Vendor, hospital (by passkey) and insurer; a release needs vendor and hospital. */
export function testConstitution(change: Partial<Constitution> = {}): Constitution {
  const one = (role: string): { role: string; threshold: number }[] => [{ role, threshold: 1 }];
  return {
    version: 1,
    number: 1,
    predecessor: null,
    name: "test",
    notBefore: 0,
    notAfter: 2 ** 33,
    approvers: [
      approverOf("ada", "vendor", ADA),
      approverOf("ben", "hospital", BEN, { rpId: RP_ID, origins: [ORIGIN] }),
      approverOf("cyn", "insurer", CYN),
    ],
    quorums: {
      bundle: one("vendor"),
      release: [...one("vendor"), ...one("hospital")],
      fleet: one("vendor"),
      succession: one("vendor"),
      status: one("vendor"),
    },
    statusKeys: [publicKeyOf(ADA)],
    auditorKeys: [],
    kms: null,
    log: null,
    ...change,
  };
}

/** A constitution as its author signs it, with the digest that PCR16 measures. */
export function foundConstitution(constitution: Constitution = testConstitution()): {
  statement: Uint8Array;
  constitution: Constitution;
  constitutionDigest: Uint8Array;
} {
  const statement = signStatement("constitution", encodeConstitution(constitution), ADA);
  return { statement, constitution, constitutionDigest: sha384(statement) };
}

/** A release of the code that test result files come from. */
export function testRelease(change: Partial<Release> = {}, author: KeyObject = ADA): Uint8Array {
  const release: Release = {
    version: 1,
    name: "caladrius",
    softwareVersion: "0.1.0",
    pcrs: [{ pcr0: pcr(0x10), pcr1: pcr(0x11), pcr2: pcr(0x12) }],
    imageDigest: pcr(0x1e),
    sourceCommit: "0123456789abcdef0123456789abcdef01234567",
    sbomDigest: pcr(0x5b),
    notes: "First release.",
    ...change,
  };
  return signStatement("release", encodeRelease(release), author);
}

/** A statement by a test key. */
export function signStatement(kind: StatementKind, payload: Uint8Array, key: KeyObject): Uint8Array {
  return encodeStatement(kind, publicKeyOf(key).alg, payload, (bytes) => signWith(key, bytes));
}

/** An approval's payload. */
export function approvalOf(
  kind: Approval["kind"],
  constitutionDigest: Uint8Array,
  statement: Uint8Array,
  who: Pick<Approval, "person" | "role"> & Partial<Approval>,
): Uint8Array {
  const digest = sha384(approvedBytes(kind, constitutionDigest, statement));
  return encodeApproval({ kind, digest, at: 1_800_000_000, ...who });
}

/** What a test passkey is made to say otherwise than a browser would. */
export interface PasskeyChange {
  clientData?: Record<string, unknown>;
  /** bytes instead of the client data's JSON */
  clientDataJson?: Uint8Array;
  rpId?: string;
  flags?: number;
  /** bytes behind the 37 of authenticator data */
  more?: Uint8Array;
  parts?: Partial<PasskeyApproval>;
}

/** An approval as a browser and a passkey make it (Web Authentication Level 3 §6.3.3). */
export function signByPasskey(approval: Uint8Array, key: KeyObject, change: PasskeyChange = {}): Uint8Array {
  const challenge = Buffer.from(sha256(passkeyChallenge(approval))).toString("base64url");
  const clientData = { type: "webauthn.get", challenge, origin: ORIGIN, crossOrigin: false, ...change.clientData };
  const clientDataJson = change.clientDataJson ?? new Uint8Array(Buffer.from(JSON.stringify(clientData)));
  const head = [...sha256(Buffer.from(change.rpId ?? RP_ID)), change.flags ?? 0x1d, 0, 0, 0, 7];
  const authenticatorData = Uint8Array.of(...head, ...(change.more ?? []));
  const signature = signWith(key, Uint8Array.of(...authenticatorData, ...sha256(clientDataJson)));
  return encodePasskeyApproval({ approval, authenticatorData, clientDataJson, signature, ...change.parts });
}

/** A release with the approvals of vendor and hospital under a constitution. */
export function approvedRelease(
  constitutionDigest: Uint8Array,
  statement: Uint8Array = testRelease(),
): { statement: Uint8Array; approvals: Uint8Array[] } {
  const payload = (person: string, role: string): Uint8Array => approvalOf("release", constitutionDigest, statement, { person, role });
  return {
    statement,
    approvals: [signStatement("approval", payload("ada", "vendor"), ADA), signByPasskey(payload("ben", "hospital"), BEN)],
  };
}

/** The keys that a governed trust file has beside roots. */
export function governedKeys(
  constitution: Uint8Array,
  releases: "approved" | readonly { statement: Uint8Array; approvals: readonly Uint8Array[] }[],
): Record<string, unknown> {
  const listed = (one: { statement: Uint8Array; approvals: readonly Uint8Array[] }): object => ({
    statement: toBase64(one.statement),
    approvals: one.approvals.map(toBase64),
  });
  return {
    pcrs: undefined,
    constitution: toBase64(constitution),
    releases: releases === "approved" ? releases : releases.map(listed),
  };
}

function signWith(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(
    key.asymmetricKeyType === "ed25519" ? sign(null, bytes, key) : sign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" }),
  );
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
