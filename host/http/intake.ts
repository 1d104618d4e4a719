import type { IncomingMessage } from "node:http";
import { MAX_SEALED_JOB_BYTES } from "@caladrius/wire";
import { Refusal, type HostCode } from "../errors.ts";

/** Largest body: the largest sealed job with its clear header and encapsulated key. */
export const MAX_BODY_BYTES: number = MAX_SEALED_JOB_BYTES + 8192;

/** Takes bodies in, and bounds how much of them is in memory at one time over all requests. */
export class Intake {
  readonly #limits: { intakeBytes: number; bodyIdleMs: number };
  #held = 0;

  constructor(limits: { intakeBytes: number; bodyIdleMs: number }) {
    this.#limits = limits;
  }

  /**
   * Reads a whole body of the length declared. The bytes count until `release` is called with their number.
   * @throws Refusal length-required, body-too-large, body-timeout, body-aborted, busy
   */
  read(request: IncomingMessage, maxBytes: number = MAX_BODY_BYTES): Promise<Uint8Array> {
    const declared = declaredLength(request, maxBytes);
    return new Promise((resolve, reject) => {
      const parts: Uint8Array[] = [];
      let length = 0;
      // A refusal leaves the request where it is, so that the answer can still be written; then the connection closes.
      const refuse = (code: HostCode, detail: string): void => {
        settle();
        request.pause();
        this.release(length);
        reject(new Refusal(code, detail, code === "busy" ? 1000 : null));
      };
      const timer = setTimeout(() => refuse("body-timeout", "the body stopped arriving"), this.#limits.bodyIdleMs);
      const onData = (part: Uint8Array): void => {
        timer.refresh();
        length += part.length;
        this.#held += part.length;
        parts.push(part);
        if (this.#held > this.#limits.intakeBytes) refuse("busy", "too many bodies are arriving");
      };
      const onEnd = (): void => {
        if (length !== declared) return refuse("body-aborted", `${length} of ${declared} bytes came`);
        settle();
        resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, length));
      };
      const onLost = (): void => refuse("body-aborted", "the connection was lost");
      const settle = (): void => {
        clearTimeout(timer);
        request.removeListener("data", onData).removeListener("end", onEnd).removeListener("error", onLost).removeListener("close", onLost);
        request.on("error", () => {}); // nobody listens any more
      };
      request.on("data", onData).on("end", onEnd).on("error", onLost).on("close", onLost);
    });
  }

  /** Gives back the room of a body that is no longer held. */
  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Refused before a byte of the body is read, where possible. */
function declaredLength(request: IncomingMessage, maxBytes: number): number {
  const text = request.headers["content-length"];
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) throw new Refusal("length-required", "no Content-Length");
  const declared = Number(text);
  if (declared > maxBytes) throw new Refusal("body-too-large", `${declared} bytes, at most ${maxBytes}`);
  return declared;
}
