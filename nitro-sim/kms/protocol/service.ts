import { randomUUID } from "node:crypto";
import { rememberSignatures, type TrustAnchor } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import type { Clock } from "../../pki/index.ts";
import type { AuditLog } from "../audit-log.ts";
import { Call } from "../call.ts";
import { KmsServiceError } from "../errors.ts";
import { NOT_SIMULATED, OPERATIONS } from "../operations/index.ts";
import type { Operation } from "../operations/operation.ts";
import { applyDueChanges } from "../operations/rotation.ts";
import type { Caller, Principals } from "../principals.ts";
import { auditEvent, readRecipient, type AttestedRecipient } from "../recipient/index.ts";
import { verifySignature } from "../sigv4/verify.ts";
import type { KmsStore } from "../store/store.ts";
import { Input } from "./input.ts";
import { parseJsonObject, type Json } from "./json.ts";
import { failureResponse, okResponse, type KmsResponse } from "./response.ts";

/** What a service is made of. */
export interface ServiceParts {
  readonly store: KmsStore;
  readonly audit: AuditLog;
  readonly principals: Principals;
  readonly region: string;
  readonly clock: Clock;
  readonly roots: readonly TrustAnchor[];
  readonly maxAgeMs: number | undefined;
  readonly allowSimulator: boolean;
  /** told of failures inside, of which callers learn nothing */
  readonly onFailure: (error: unknown) => void;
}

/** One request as it arrived over TLS. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  readonly sourceIp: string;
}

/** An answer and, once the caller is known, what it answers: for the audit log and for tests that interfere. */
export interface Served {
  readonly operation: string;
  /** null where the request was refused before it was known who sent it */
  readonly callerArn: string | null;
  readonly members: { readonly [name: string]: Json };
  readonly response: KmsResponse;
}

/** The service without its transport: who asks, may they, do it, write it down, answer. */
export class KmsService {
  readonly #parts: ServiceParts;
  readonly #signatures = rememberSignatures(signatures);

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** Serves one request. Every failure is an answer. */
  async serve(request: ServiceRequest): Promise<Served> {
    const { principals, region, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const requestId = randomUUID();
    const operation = operationName(request);
    let caller: Caller;
    let members: { readonly [name: string]: Json };
    try {
      if (request.method !== "POST" || request.path !== "/") throw new KmsServiceError("UnknownOperationException");
      caller = verifySignature(request, principals, region, nowMs);
      members = parseJsonObject(request.body);
    } catch (error) {
      return { operation, callerArn: null, members: {}, response: this.#failure(error, requestId, nowMs) };
    }
    const response = await this.#run(request, caller, operation, members, requestId, nowMs);
    return { operation, callerArn: caller.arn, members, response };
  }

  async #run(
    request: ServiceRequest,
    caller: Caller,
    operation: string,
    members: { readonly [name: string]: Json },
    requestId: string,
    nowMs: number,
  ): Promise<KmsResponse> {
    const { store, audit, region } = this.#parts;
    let recipient: AttestedRecipient | null = null;
    let keys: ReadonlySet<string> = new Set();
    let answer: KmsResponse;
    let refusal: { type: string; message: string } | null = null;
    try {
      const found = findOperation(operation);
      const input = new Input(members);
      if (found.recipient === true) recipient = await this.#recipient(input, nowMs);
      applyDueChanges(store, nowMs);
      const call = new Call({ operation, input, caller, store, region, nowMs, recipient, sourceIp: request.sourceIp });
      keys = call.keys;
      answer = okResponse(await found.run(call), requestId, nowMs);
    } catch (error) {
      answer = this.#failure(error, requestId, nowMs);
      refusal = error instanceof KmsServiceError ? error : { type: "KMSInternalException", message: "" };
    }
    try {
      const [key] = keys;
      audit.append(
        auditEvent({
          operation,
          timeMs: nowMs,
          region,
          accountId: key?.split(":")[4] ?? caller.account,
          principal: { arn: caller.arn, accessKeyId: caller.credentials.accessKeyId },
          sourceIPAddress: request.sourceIp,
          userAgent: header(request, "user-agent"),
          request: members,
          keys: [...keys],
          recipient,
          error: refusal,
          requestId,
          eventId: randomUUID(),
        }),
      );
    } catch (error) {
      return this.#failure(error, requestId, nowMs); // nothing leaves that is not written down
    }
    return answer;
  }

  async #recipient(input: Input, nowMs: number): Promise<AttestedRecipient | null> {
    const members = input.object("Recipient");
    if (members === null) return null;
    const { roots, maxAgeMs, allowSimulator } = this.#parts;
    return readRecipient(members, {
      roots,
      nowMs,
      signatures: this.#signatures,
      allowSimulator,
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    });
  }

  #failure(error: unknown, requestId: string, nowMs: number): KmsResponse {
    if (!(error instanceof KmsServiceError)) this.#parts.onFailure(error);
    return failureResponse(error, requestId, nowMs);
  }
}

function findOperation(name: string): Operation {
  const found = OPERATIONS.get(name);
  if (found !== undefined) return found;
  throw NOT_SIMULATED.has(name)
    ? new KmsServiceError("UnsupportedOperationException", `the simulator does not have ${name}`)
    : new KmsServiceError("UnknownOperationException");
}

/** The operation in X-Amz-Target, "" where there is none. */
function operationName(request: ServiceRequest): string {
  return /^TrentService\.([A-Za-z]{1,64})$/.exec(header(request, "x-amz-target"))?.[1] ?? "";
}

function header({ rawHeaders }: ServiceRequest, name: string): string {
  const at = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? "" : (rawHeaders[at + 1] ?? "");
}
