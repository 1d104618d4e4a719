import type { TrustFile } from "@caladrius/attestation-verifier";
import { submit, type SubmitOptions, type SubmitterKey } from "@caladrius/client";
import type { Recording } from "@caladrius/wire";

/** A submitter who sends one job after another, several at a time. */
export interface JobStream {
  hostUrl: string;
  trust: TrustFile;
  key: SubmitterKey;
  recording: Recording;
  more?: Partial<SubmitOptions>;
}

/**
 * Streams jobs, publishes something once they are answered, and goes on until one is denied.
 * @returns milliseconds from the moment when `publish` was called to the first denial in the submitter's hands, and its code
 */
export async function untilDenied(
  stream: JobStream,
  publish: () => Promise<unknown>,
): Promise<{ ms: number; code: string; answered: number }> {
  const { hostUrl, trust, key, recording, more = {} } = stream;
  let answered = 0;
  let publishedMs = 0;
  let publishing: Promise<unknown> = Promise.resolve();
  const denied = { code: "", atMs: 0 };
  const loop = async (): Promise<void> => {
    while (denied.code === "") {
      const [outcome] = await submit([{ recording }], { hostUrl, trust, key, level: "alarm", ...more });
      if (outcome?.status !== "verified") throw outcome?.problem ?? new Error(`a job ended ${outcome?.status ?? "nowhere"}`);
      const code = outcome.verdict?.claims?.disclosed.denial ?? null;
      if (code !== null && publishedMs === 0) throw new Error(`denied before anything was published: ${code}`);
      if (code !== null && denied.code === "") Object.assign(denied, { code, atMs: performance.now() });
      if (code === null) answered += 1;
      if (publishedMs === 0 && answered >= ANSWERED_BEFORE) {
        publishedMs = performance.now();
        publishing = publish();
      }
      if (publishedMs > 0 && performance.now() - publishedMs > PATIENCE_MS) throw new Error("nothing was denied");
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  await publishing;
  return { ms: denied.atMs - publishedMs, code: denied.code, answered };
}

const AT_ONCE = 4;
const ANSWERED_BEFORE = 8;
const PATIENCE_MS = 20_000;
