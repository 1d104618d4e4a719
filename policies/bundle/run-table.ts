import {
  encodeDeviceBatch,
  encodeGrant,
  encodeStatement,
  type Bundle,
  type DeviceBatch,
  type Request,
  type SigningPublicKey,
} from "@caladrius/wire";
import type { CedarEngine } from "../cedar/engine.ts";
import { decide, type Decision, type DecisionInput } from "../decision/decide.ts";
import type { DecisionMemory } from "../decision/memory.ts";
import { grantReader, type DecisionCrypto } from "../decision/read-grant.ts";
import type { TableAction, TableRow } from "./table.ts";

/** What a bundle says to one row. */
export interface RowOutcome {
  name: string;
  expected: TableRow["expected"];
  /** "allow", or the code of the denial */
  actual: string;
  passed: boolean;
}

/**
 * Asks a bundle about every row, through the decision that enclaves make. Rows say what is genuine, so no signature is
 * looked at; nothing was spent, and no device seen before but as a row says.
 */
export function runTable(
  rows: readonly TableRow[],
  bundle: Bundle,
  { cedar, sha256 }: { cedar: CedarEngine; sha256: (bytes: Uint8Array) => Uint8Array },
): readonly RowOutcome[] {
  return rows.map((row) => {
    const decision = decideRow(row, bundle, cedar, { sha256, verify: () => true });
    const actual = decision.allowed ? "allow" : decision.code;
    const passed = row.expected === actual || (row.expected === "deny" && !decision.allowed);
    return { name: row.name, expected: row.expected, actual, passed };
  });
}

function decideRow(row: TableRow, bundle: Bundle, cedar: CedarEngine, crypto: DecisionCrypto): Decision {
  const { context } = row;
  const atMs = (context.at ?? Math.floor((bundle.notBefore + bundle.notAfter) / 2)) * 1000;
  const { batch, memory } = deviceOf(row, bundle, crypto);
  const input: DecisionInput = {
    bundle,
    constitution: { notBefore: 0, notAfter: 2 ** 40 },
    status: {
      list: {
        version: 1,
        number: 1,
        constitutionDigest: bundle.constitutionDigest,
        issuedAt: atMs / 1000 - 2,
        expiresAt: atMs / 1000 + (context.statusStale ? -1 : 1),
        bootNonce: null,
        lowestPolicyVersion: 0,
        revocations: [],
        releases: [],
      },
      fresh: context.statusFresh,
      revocations: { isRevoked: () => false, isImageRevoked: () => false },
    },
    pcr0: new Uint8Array(48),
    submitterThumbprint: row.principal,
    request: requestOf(row, bundle, atMs / 1000, crypto),
    jobDigest: new Uint8Array(32),
    recording: {
      device: context.device?.name ?? UNREGISTERED,
      channels: context.channels,
      span: { fromMs: atMs - 60_000, toMs: atMs },
    },
    recordingDigest: RECORDING,
    deviceBatch: batch,
    emergency: emergencyOf(row),
    interval: { fromMs: atMs, toMs: atMs },
  };
  const tools = {
    crypto,
    readGrant: grantReader(bundle.grantIssuers, crypto, 1),
    cedar: { permits: (request: Parameters<CedarEngine["answer"]>[0]) => cedar.answer(request).allowed, size: 0 },
    memory,
  };
  return decide(input, tools);
}

/** An emergency that was granted, or is asked for, where the bundle keeps any. */
function emergencyOf({ action, context }: TableRow): DecisionInput["emergency"] {
  const { breakGlass } = context;
  if (breakGlass !== null) return { granted: true, ...breakGlass };
  return action === "analyse" ? null : { granted: false, level: "full", purposes: [context.purpose] };
}

function requestOf(row: TableRow, bundle: Bundle, atSeconds: number, crypto: DecisionCrypto): Request {
  const { resource, context } = row;
  const step = context.breakGlass === null ? STEP[row.action] : "use";
  const key = { suite: "X25519", publicKey: new Uint8Array(32) } as const;
  return {
    submitter: SUBMITTER,
    recipients: context.levels.map((level) => ({ key, level })),
    subject: resource.subject,
    ward: resource.ward,
    purpose: context.purpose,
    detectors: context.detectors,
    nonce: new Uint8Array(8),
    floors: { policyVersion: 0, statusVersion: 0 },
    grants: grantsOf(row, bundle, atSeconds, crypto),
    ...(step === null
      ? {}
      : {
          emergency: {
            step,
            id: step === "use" || step === "answer" ? new Uint8Array(16) : null,
            reason: step === "open" ? "test" : null,
            approval: null,
          },
        }),
  };
}

function grantsOf(
  { resource, context }: TableRow,
  { grantIssuers }: Bundle,
  atSeconds: number,
  { sha256 }: DecisionCrypto,
): Request["grants"] {
  const { grant } = context;
  if (grant === null) return [];
  const issuer = grantIssuers.find(({ name }) => name === grant.issuer)?.key ?? STRANGER;
  const payload = encodeGrant({
    version: 1,
    id: new Uint8Array(16),
    issuer: sha256(issuer.key),
    holder: SUBMITTER,
    subject: grant.subject ?? resource.subject,
    purposes: grant.purposes ?? [context.purpose],
    channels: grant.channels,
    detectors: grant.detectors,
    level: grant.level,
    notBefore: Math.max(0, atSeconds - 60),
    notAfter: atSeconds + 60,
    samples: null,
    uses: grant.uses,
    ward: grant.ward,
    source: { kind: grant.source, digest: null },
  });
  return [{ grant: encodeStatement("grant", issuer.alg, payload, unsigned), use: grant.use }];
}

/** A statement of the device, after one that was seen before where the row wants its numbering to show something. */
function deviceOf(
  { context: { device } }: TableRow,
  { devices }: Bundle,
  { sha256 }: DecisionCrypto,
): { batch: Uint8Array | null; memory: DecisionMemory } {
  const key = devices.registered.find(({ name }) => name === device?.name)?.key ?? STRANGER;
  const encode = (part: Pick<DeviceBatch, "sequence" | "previous">): Uint8Array =>
    encodeStatement("device-batch", key.alg, encodeDeviceBatch({ version: 1, device: key, recordingDigest: RECORDING, ...part }), unsigned);
  const before = encode({ sequence: 5, previous: new Uint8Array(32) });
  const sequence = device?.order === "device-gap" ? 7 : device?.order === "device-replay" ? 3 : 6;
  return {
    batch: device === null ? null : encode({ sequence, previous: sha256(before) }),
    memory: {
      spentWith: () => null,
      newestOf: () => ({ sequence: 5, digest: sha256(before) }),
    },
  };
}

function unsigned(): Uint8Array {
  return new Uint8Array(64);
}

const STEP: Readonly<Record<TableAction, NonNullable<Request["emergency"]>["step"] | null>> = {
  analyse: null,
  openEmergency: "open",
  listEmergencies: "list",
  answerEmergency: "answer",
};
const SUBMITTER: SigningPublicKey = { alg: "Ed25519", key: new Uint8Array(32).fill(1) };
/** A key that no bundle names. */
const STRANGER: SigningPublicKey = { alg: "Ed25519", key: new Uint8Array(32).fill(2) };
const RECORDING = new Uint8Array(32).fill(3);
const UNREGISTERED = "(a device that is not registered)";
