import { parseTrustFile } from "@caladrius/attestation-verifier";
import { createSubmitterKey } from "@caladrius/client";
import { STATUS_LIST_TYPE, statusListFile } from "@caladrius/host";
import { keyRevocation, nextDevelopmentList, replaceList, startStack, untilDenied, type Stack } from "@caladrius/test/support";
import type { Recording } from "@caladrius/wire";
import { ecgHalfHour, numericHour } from "./recordings.ts";
import { percentiles, type Report } from "./report.ts";

const RUNS = 24;
const RUNS_OF_LARGE = 8;
const BUDGET_MS = 1000;

/** From the publication of a status list at an honest host to the first denied job in its submitter's hands, while jobs stream. */
export async function run(report: Report): Promise<void> {
  const stack = await startStack({ unlimited: true });
  try {
    const statusLists = statusListFile(stack.deployment.paths.statusList);
    // past the carrier that keeps a copy of all it sees, and without a log
    await stack.restartHost({ enclaveSocket: stack.enclave.socketPath, logger: null, statusLists });
    const push = async (list: Uint8Array): Promise<void> => {
      const answer = await fetch(`${stack.url}/v1/status-list`, {
        method: "POST",
        headers: { "content-type": STATUS_LIST_TYPE },
        body: new Uint8Array(list),
      });
      if (!answer.ok) throw new Error(`the host answers ${answer.status}: ${await answer.text()}`);
      replaceList(stack.deployment, list);
    };
    const replace = async (list: Uint8Array): Promise<void> => replaceList(stack.deployment, list);
    await measure(report, stack, "file replaced", numericHour(), RUNS, replace);
    await measure(report, stack, "list pushed over HTTP", numericHour(), RUNS, push);
    await measure(report, stack, "the same behind jobs of 2.6 MB", ecgHalfHour(), RUNS_OF_LARGE, push);
  } finally {
    await stack.close();
  }
}

async function measure(
  report: Report,
  stack: Stack,
  name: string,
  recording: Recording,
  runs: number,
  publish: (list: Uint8Array) => Promise<void>,
): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < runs; i++) {
    report.progress(`${name}: ${i + 1} of ${runs}`);
    const key = await createSubmitterKey();
    const list = nextDevelopmentList(stack.deployment, { revoke: [keyRevocation(key.signing)] });
    const stream = { hostUrl: stack.url, trust: parseTrustFile(stack.trust), key, recording };
    const { ms, code } = await untilDenied(stream, () => publish(list));
    if (code !== "denied-revoked") throw new Error(`denied for ${code}`);
    took.push(ms);
  }
  const { p10, p50, p99 } = percentiles(took);
  const against = (value: number): { name: string; ratio: number; target: number } => ({
    name: `${BUDGET_MS} ms`,
    ratio: value / BUDGET_MS,
    target: 1,
  });
  report.add(`${name} to first denied job, p10`, p10, "ms", against(p10));
  report.add(`${name} to first denied job, p50`, p50, "ms", against(p50));
  report.add(`${name} to first denied job, p99`, p99, "ms", against(p99));
}
