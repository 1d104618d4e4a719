import {
  decodeNsmRequest,
  encodeNsmResponse,
  LimitError,
  NSM_MAX_REQUEST,
  NSM_MAX_RESPONSE,
  WireError,
  type NsmErrorCode,
  type NsmRequest,
  type NsmResponse,
} from "@caladrius/wire";
import type { Clock, IssuedLeaf, SimulatedPki } from "../pki/index.ts";
import { instanceIdOf, measureText } from "./boot-pcrs.ts";
import { encodeDocument } from "./document.ts";
import { bootRegisters, MAX_PCRS, PLATFORM_PCRS } from "./registers.ts";

export { bootPcrs, instanceIdOf, makeModuleId, type BootMeasurements } from "./boot-pcrs.ts";
export { encodeDocument, type DocumentFields } from "./document.ts";
export { serveNsm, type NsmServer, type NsmServerOptions } from "./serve.ts";

/** A Nitro Security Module: bytes of a request in, bytes of a response out. */
export interface Nsm {
  /**
   * Answers one request. Every command runs to its end before the next one starts, as under the driver's mutex.
   * Never rejects: what is wrong with a request comes back as an NSM error.
   */
  request(bytes: Uint8Array): Promise<Uint8Array>;
}

/** What a simulated NSM needs. */
export interface NsmOptions {
  pki: SimulatedPki;
  /** `i-<17 hex>-enc<16 hex>`. */
  moduleId: string;
  /** Platform PCRs 0..15, 48 bytes each; those left out are zero, but PCR4, which follows from the module id. */
  pcrs: ReadonlyMap<number, Uint8Array>;
  clock: Clock;
  /** The source of GetRandom. */
  randomBytes: (length: number) => Uint8Array;
  /** An enclave started with a debug console: PCR0, 1 and 2 read zero. Default false. */
  debug?: boolean;
  /**
   * Largest user_data and nonce in bytes: 512 (the default), as AWS's validation text has it, or 1024, as the CDDL of the
   * same page has it. Real modules have taken 1024 and more; what works with 512 works with both.
   */
  maxUserData?: 512 | 1024;
  /** Told the reason behind an InternalError answer, for instance a clock that the root does not cover. */
  onInternalError?: (error: unknown) => void;
}

/**
 * Makes a simulated NSM with the operations, rules and errors of aws-nitro-enclaves-nsm-api. PCRs 0..15 are locked from
 * boot, 16..31 open; a document lists the locked ones. The leaf behind the documents is made at the first Attestation
 * and replaced when it expires. The driver's silent truncation of long responses is the driver's: here a response is
 * whole.
 *
 * AWS does not publish which error answers which mistake; the choice here is QEMU's: InvalidOperation for what cannot be
 * decoded, InvalidIndex beyond 31, ReadOnlyIndex for locked registers, InputTooLarge beyond a size.
 *
 * @throws ConfigurationError nsm-pcrs
 */
export function createNsm(options: NsmOptions): Nsm {
  const { pki, moduleId, clock } = options;
  const platform = new Map(options.pcrs);
  if (!platform.has(4)) platform.set(4, measureText(instanceIdOf(moduleId)));
  if (options.debug === true) for (const index of [0, 1, 2]) platform.delete(index);
  const registers = bootRegisters(platform);
  let leaf: IssuedLeaf | null = null;

  const attest = (request: NsmRequest & { kind: "Attestation" }): NsmResponse => {
    const limit = options.maxUserData ?? 512;
    if (longer(request.publicKey, MAX_PUBLIC_KEY) || longer(request.userData, limit) || longer(request.nonce, limit))
      return failure("InputTooLarge");
    const timestampMs = Math.floor(clock.nowMs());
    if (leaf === null || timestampMs < leaf.notBeforeMs || timestampMs >= leaf.notAfterMs) leaf = pki.issueLeaf(moduleId);
    const { certificate, cabundle, sign } = leaf;
    const pcrs = new Map(registers.locked().map((index) => [index, registers.value(index)]));
    const { publicKey, userData, nonce } = request;
    const document = encodeDocument({ moduleId, timestampMs, pcrs, certificate, cabundle, publicKey, userData, nonce }, sign);
    return { kind: "Attestation", document };
  };

  const answer = (request: NsmRequest): NsmResponse => {
    if ("index" in request && request.index >= MAX_PCRS) return failure("InvalidIndex");
    switch (request.kind) {
      case "DescribeNSM":
        return {
          kind: "DescribeNSM",
          versionMajor: 1,
          versionMinor: 0,
          versionPatch: 0,
          moduleId,
          maxPcrs: MAX_PCRS,
          lockedPcrs: registers.locked(),
          digest: "SHA384",
        };
      case "GetRandom":
        return { kind: "GetRandom", random: options.randomBytes(RANDOM_BYTES) };
      case "DescribePCR":
        return { kind: "DescribePCR", lock: registers.isLocked(request.index), data: registers.value(request.index) };
      case "ExtendPCR":
        if (registers.isLocked(request.index)) return failure("ReadOnlyIndex");
        return { kind: "ExtendPCR", data: registers.extend(request.index, request.data) };
      case "LockPCR":
        if (registers.isLocked(request.index)) return failure("ReadOnlyIndex");
        registers.lock(request.index);
        return { kind: "LockPCR" };
      case "LockPCRs":
        // The range [0, range) always holds locked registers; only a range beyond the last one is wrong.
        if (request.range > MAX_PCRS) return failure("InvalidIndex");
        for (let index = PLATFORM_PCRS; index < request.range; index++) registers.lock(index);
        return { kind: "LockPCRs" };
      case "Attestation":
        return attest(request);
    }
  };

  // Synchronous from the first byte to the last: that is the mutex.
  const respond = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length > NSM_MAX_REQUEST) return encodeNsmResponse(failure("InputTooLarge"));
    try {
      const response = encodeNsmResponse(answer(decodeNsmRequest(bytes)));
      return response.length > NSM_MAX_RESPONSE ? encodeNsmResponse(failure("BufferTooSmall")) : response;
    } catch (error) {
      if (error instanceof WireError || error instanceof LimitError) return encodeNsmResponse(failure("InvalidOperation"));
      options.onInternalError?.(error);
      return encodeNsmResponse(failure("InternalError"));
    }
  };
  return { request: (bytes) => Promise.resolve(respond(bytes)) };
}

function failure(error: NsmErrorCode): NsmResponse {
  return { kind: "Error", error };
}

function longer(bytes: Uint8Array | null, limit: number): boolean {
  return bytes !== null && bytes.length > limit;
}

const MAX_PUBLIC_KEY = 1024;
const RANDOM_BYTES = 256;
