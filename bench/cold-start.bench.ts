import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectVsock, launchEnclave } from "@caladrius/nitro-sim";
import { makeSurroundings, testImage, type Surroundings } from "@caladrius/test/support";
import { encodeBootMessage, encodeFrames, encodeHello, MAX_MESSAGE_BYTES, MESSAGE, PROTOCOL_VERSION } from "@caladrius/wire";
import { percentiles, type Report } from "./report.ts";

const ROUNDS = 12;
const BUDGET_MS = 1500;
const SERVE_PORT = 5000;

/** From the start of the enclave's process, fences included, to its first attestation document; unpacking a ramdisk is not in it. */
export async function run(report: Report): Promise<void> {
  report.progress("image");
  const image = await testImage();
  const around = await makeSurroundings(undefined, { measurements: image.measurements });
  const dataDir = mkdtempSync(join(tmpdir(), "caladrius-cold-"));
  const listening: number[] = [];
  const attested: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      report.progress(`start ${round + 1} of ${ROUNDS}`);
      const one = await start(image, dataDir, around);
      listening.push(one.listening);
      attested.push(one.attested);
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(around.dir, { recursive: true, force: true });
  }
  report.add("process to listening, median", percentiles(listening).p50, "ms");
  const { p50, p99 } = percentiles(attested);
  const against = (value: number): { name: string; ratio: number; target: number } => ({
    name: `${BUDGET_MS} ms`,
    ratio: value / BUDGET_MS,
    target: 1,
  });
  report.add("process to first attestation, median", p50, "ms", against(p50));
  report.add("process to first attestation, worst", p99, "ms", against(p99));
}

/** The enclave says `booted` once it holds its first document. */
async function start(
  image: Awaited<ReturnType<typeof testImage>>,
  dataDir: string,
  { boot, pki }: Surroundings,
): Promise<{ listening: number; attested: number }> {
  const said = new Map<string, number>();
  let booted: (atMs: number) => void = () => undefined;
  const attestedAt = new Promise<number>((resolve) => (booted = resolve));
  const enclave = await launchEnclave({
    image,
    dataDir,
    pki,
    onLine: (_, line) => {
      said.set(line, upMs());
      if (line === "caladrius-enclave: booted") booted(upMs());
    },
  });
  try {
    const socket = await connectVsock(enclave.socketPath, SERVE_PORT);
    socket.resume();
    const hello = encodeHello({ version: PROTOCOL_VERSION, maxMessageBytes: MAX_MESSAGE_BYTES });
    for (const frame of encodeFrames({ kind: MESSAGE.hello, id: 1, body: hello })) socket.write(frame);
    for (const frame of encodeFrames({ kind: MESSAGE.boot, id: 2, body: encodeBootMessage(boot) })) socket.write(frame);
    const attested = await attestedAt;
    const from = startedMs(enclave.pid);
    return { listening: (said.get("caladrius-enclave: ready") ?? Number.NaN) - from, attested: attested - from };
  } finally {
    await enclave.stop();
  }
}

/** Milliseconds that the machine has been up, to 10 ms, as the kernel counts process starts. */
function upMs(): number {
  return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
}

function startedMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return Number(fields[START_TIME]) * 10;
}

/** proc(5): field 22, in ticks of 10 ms; two fields before the state are cut off. */
const START_TIME = 19;
