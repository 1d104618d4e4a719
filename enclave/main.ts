import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadCedar } from "@caladrius/policies/cedar";
import { renewEvidence, rotateKeys, type CreateKms, type Enclave, type Software } from "./boot/boot.ts";
import { Responder, waitsForKms } from "./intake/respond.ts";
import { serveHost } from "./intake/serve.ts";
import { createKms } from "./kms/client.ts";
import { connectNsm } from "./nsm/client.ts";

// Stamped by the bundler; the program that runs in tests straight from its sources has no commit.
declare const CALADRIUS_VERSION: string | undefined;
declare const CALADRIUS_COMMIT: string | undefined;

const SOFTWARE: Software = {
  name: "caladrius-enclave",
  version: typeof CALADRIUS_VERSION === "string" ? CALADRIUS_VERSION : "0.1.0",
  commit: typeof CALADRIUS_COMMIT === "string" && CALADRIUS_COMMIT !== "" ? CALADRIUS_COMMIT : null,
};

const EVIDENCE_EVERY_MS = 10 * 60_000;
const ROTATE_EVERY_MS = 24 * 3_600_000;
const RETRY_MS = 30_000;

/** Fixed words are all that the console ever sees. */
function say(word: "ready" | "booted" | "boot-refused" | "invariant-broken" | "evidence-failed" | "nsm-lost" | "start-failed"): void {
  process.stdout.write(`caladrius-enclave: ${word}\n`);
}

/** Says why and ends the program once the last answer had its chance to leave. */
function end(word: Parameters<typeof say>[0]): void {
  say(word);
  setTimeout(() => process.exit(1), 50);
}

/** Renews evidence and keys off the request path. A failed renewal is tried again; a clock that contradicts ends service. */
function keepFresh(enclave: Enclave): void {
  say("booted");
  const renew = (step: (enclave: Enclave) => Promise<void>): void => {
    step(enclave).catch((error: unknown) => {
      if (error instanceof Error && error.name === "InvariantError") return end("invariant-broken");
      say("evidence-failed");
      setTimeout(() => renew(step), RETRY_MS);
    });
  };
  setInterval(() => renew(renewEvidence), EVIDENCE_EVERY_MS);
  setInterval(() => renew(rotateKeys), ROTATE_EVERY_MS);
}

/** KMS behind the `kms` socket, as a constitution names it. */
function kmsAt(socketPath: string): CreateKms {
  return ({ kms: { endpoint, tlsRoots }, nsm, clock, bootId }) =>
    createKms({ socketPath, endpoint, tlsRoots, nsm, clock, bootId, randomBytes });
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { cedar: text, nsm: text, serve: text, kms: text } });
  if (values.cedar === undefined || values.nsm === undefined || values.serve === undefined)
    throw new TypeError("--cedar, --nsm and --serve are needed");
  const cedar = loadCedar(readFileSync(values.cedar));
  const nsm = await connectNsm(values.nsm, () => end("nsm-lost")); // without it there is no time and no evidence
  const responder = new Responder({
    nsm,
    software: SOFTWARE,
    monotonicMs: () => performance.now(),
    cedar,
    fatal: end,
    onBooted: keepFresh,
    createKms: values.kms === undefined ? null : kmsAt(values.kms),
  });
  await serveHost(values.serve, (message) => responder.respond(message), waitsForKms);
  say("ready");
}

process.on("uncaughtException", () => end("invariant-broken"));
process.on("unhandledRejection", () => end("invariant-broken"));
main().catch(() => end("start-failed"));
