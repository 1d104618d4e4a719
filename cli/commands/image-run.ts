import { resolve } from "node:path";
import { demandMemory, findQemu, memoryNeededMiB, runQemu } from "@caladrius/nitro-sim";
import { DependencyError } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { untilAsked } from "../local.ts";
import { styled, type Terminal } from "../print.ts";

/** An image in QEMU until Ctrl-C, with its console on stderr; a host beside it does the rest. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const qemu = await findQemu(args.text("qemu"));
  const eif = resolve(args.text("eif"));
  const image = await readLimited(eif, MAX_EIF_BYTES);
  const needed = await about(eif, () => memoryNeededMiB(image));
  const memoryMiB = args.integer("memory", 1, 1 << 20, Math.max(512, needed));
  demandMemory(memoryMiB, needed);
  const uds = resolve(args.text("uds"));
  const asked = untilAsked();
  const early = new AbortController();
  void asked.then((signal) => early.abort(new UsageError(`stopped by ${signal} before the heartbeat`)));

  terminal.progress(`QEMU ${qemu.version}, ${memoryMiB} MiB`);
  const running = await runQemu({
    qemu,
    eif,
    vsock: args.text("vsock"),
    uds,
    memoryMiB,
    onLine: (line) => terminal.note([styled("dim", "console  "), line]),
    signal: early.signal,
  });
  terminal.object({ enclave: uds, pid: running.pid, memoryMiB });
  terminal.line(`enclave    ${uds}  (heartbeat answered)`);
  terminal.line([
    styled("yellow", "           QEMU's attestation documents carry no signature: every verifier refuses them, and rightly so"),
  ]);
  terminal.line(`next       npx caladrius host --enclave ${uds} --kms-listen ${uds}_8000 --constitution F --bundle F`);
  terminal.line("Ctrl-C ends it");
  const end = await Promise.race([asked, running.exited]);
  if (typeof end !== "string")
    throw new DependencyError("qemu-exited", `the enclave ended (QEMU: ${end.signal ?? `exit code ${end.code}`}); its console says why`, 0);
  await running.stop();
  terminal.line("stopped");
  return EXIT.ok;
}

const MAX_EIF_BYTES = 2 ** 31 - 1;
