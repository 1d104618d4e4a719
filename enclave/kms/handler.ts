import type { Agent } from "node:https";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { KmsError } from "./port.ts";

type Handle = NodeHttpHandler["handle"];

/**
 * Sends the SDK's requests and takes whole answers of a bounded size within one time limit, from the wait for a
 * connection to the last byte. Follows no redirect. Whatever fails on the way is one error.
 */
export class BoundedHandler extends NodeHttpHandler {
  readonly #limitMs: number;

  constructor(httpsAgent: Agent, limitMs: number) {
    super({ httpsAgent, requestTimeout: limitMs, throwOnRequestTimeout: true, socketTimeout: limitMs, logger: SILENT });
    this.#limitMs = limitMs;
  }

  /** @throws KmsError kms-unreachable, kms-answer-refused for an answer that is too large */
  override async handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    const limit = AbortSignal.timeout(this.#limitMs);
    try {
      const answer = await super.handle(request, { ...options, abortSignal: limit });
      answer.response.body = await readBounded(answer.response.body as AsyncIterable<Uint8Array>);
      return answer;
    } catch (error) {
      throw error instanceof KmsError ? error : new KmsError("kms-unreachable");
    }
  }
}

/** Leaving the loop early destroys the stream, and with it the connection. */
async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > MAX_ANSWER_BYTES) throw new KmsError("kms-answer-refused");
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** The largest that is awaited: a ciphertext of 6144 bytes and a CMS of half a kilobyte, in base64. */
const MAX_ANSWER_BYTES = 32 * 1024;

const drop = (): void => undefined;
const SILENT = { trace: drop, debug: drop, info: drop, warn: drop, error: drop };
