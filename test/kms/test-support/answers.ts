import type { KeyObject } from "node:crypto";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { readRecipient, type KmsIntercept, type KmsInterceptedCall, type KmsResponse } from "@caladrius/nitro-sim";
import type { World } from "./world.ts";

/** An answer of KMS with members replaced; undefined takes one out. */
export function withMembers(response: KmsResponse, change: Readonly<Record<string, unknown>>): KmsResponse {
  return { ...response, body: JSON.stringify({ ...(JSON.parse(response.body) as object), ...change }) };
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The RSA key that an enclave shows KMS: public, so that an attacker has it as well. */
export async function recipientOf(world: World, { request }: KmsInterceptedCall): Promise<KeyObject> {
  const members = request["Recipient"] as object;
  return (await readRecipient(members, { roots: world.roots, nowMs: world.time.nowMs(), signatures })).publicKey;
}

/** Tampers with the answers to one operation, and passes those that KMS refused. */
export function tamper(
  operation: string,
  change: (call: KmsInterceptedCall, response: KmsResponse) => ReturnType<KmsIntercept>,
): KmsIntercept {
  return (call, response) => (call.operation === operation && response.status === 200 ? change(call, response) : response);
}

/** The name of the error that a call gives, "answered" for none. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "answered";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A member that must be a text. */
export function textOf(members: Readonly<Record<string, unknown>>, name: string): string {
  const value = members[name];
  if (typeof value !== "string") throw new Error(`${name} is no text: ${JSON.stringify(members)}`);
  return value;
}

/** The ARN in an answer to CreateKey. */
export function createdArn(members: Readonly<Record<string, unknown>>): string {
  return textOf(members["KeyMetadata"] as Record<string, unknown>, "Arn");
}
