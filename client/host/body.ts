import { SubmitError } from "../errors.ts";

/**
 * Reads the body of a response, which the host chooses, up to a limit.
 * @throws SubmitError host-answer when it is longer
 */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > maxBytes) {
      await response.body?.cancel().catch(() => {});
      throw new SubmitError("host-answer", `more than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Reads a JSON object of at most 64 KiB. @throws SubmitError host-answer */
export async function readJsonObject(response: Response): Promise<ReadonlyMap<string, unknown>> {
  const bytes = await readBody(response, MAX_JSON_BYTES);
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof json === "object" && json !== null) return new Map(Object.entries(json));
  } catch {
    // said below
  }
  throw new SubmitError("host-answer", "not a JSON object");
}

const MAX_JSON_BYTES = 64 * 1024;
