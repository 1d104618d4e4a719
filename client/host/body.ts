import type { IncomingMessage } from "node:http";
import { SubmitError } from "../errors.ts";

/**
 * Reads the body of a response, which the host chooses, up to a limit.
 * @throws SubmitError host-answer when it is longer; errors of the connection
 */
export function readBody(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    response.on("data", (part: Buffer) => {
      length += part.length;
      parts.push(part);
      if (length > maxBytes) response.destroy(new SubmitError("host-answer", `more than ${maxBytes} bytes`));
    });
    response.once("end", () => resolve(joined(parts, length)));
    response.on("error", reject);
    response.once("close", () => reject(new Error("the body was cut"))); // too late when it has ended
  });
}

/** Reads a JSON object, of at most 64 KiB unless told. @throws SubmitError host-answer */
export async function readJsonObject(response: IncomingMessage, maxBytes: number = MAX_JSON_BYTES): Promise<ReadonlyMap<string, unknown>> {
  const bytes = await readBody(response, maxBytes);
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof json === "object" && json !== null) return new Map(Object.entries(json));
  } catch {
    // said below
  }
  throw new SubmitError("host-answer", "not a JSON object");
}

function joined(parts: readonly Buffer[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const MAX_JSON_BYTES = 64 * 1024;
