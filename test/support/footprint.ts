import { setTimeout as sleep } from "node:timers/promises";
import { SEALED_JOB_TYPE } from "@caladrius/host";
import { MESSAGE, toHex } from "@caladrius/wire";
import type { CraftedJob } from "./craft.ts";
import { messageOf } from "./hostile.ts";
import type { Stack } from "./stack.ts";
import { FrameSplitter } from "./tap.ts";

/** What a job leaves on the host's side, without times and random ids. */
export interface Footprint {
  frames: string[];
  answers: string[];
  events: string;
  log: string[];
  metrics: string[];
}

const withoutIds = (text: string): string =>
  text
    .replace(/"reqId":"[^"]*"/, "")
    .replace(/[0-9a-f]{32,64}/g, "<hex>")
    .replace(/\d{4}-[-0-9T:.]+Z/g, "<time>")
    .replace(/\d+/g, "<n>");

/** Runs a job and gives what it left behind, while nothing else goes on. */
export async function footprint(stack: Stack, job: CraftedJob): Promise<Footprint> {
  const id = toHex(job.jobId);
  const stop = new AbortController();
  const stream = await fetch(`${stack.url}/v1/events`, { signal: stop.signal });
  const events = stream.body?.getReader();
  const before = await metrics(stack.url);
  await sleep(SETTLED_MS); // the line about the request before comes after its answer
  const [logFrom, carriedFrom] = [stack.log.length, stack.tap.carried.length];

  const answers = [
    await shape(
      await fetch(`${stack.url}/v1/jobs`, {
        method: "POST",
        headers: { "content-type": SEALED_JOB_TYPE },
        body: Uint8Array.from(job.sealed),
      }),
    ),
    await shape(await fetch(`${stack.url}/v1/jobs/${id}/result?wait=20`)),
    await shape(await fetch(`${stack.url}/v1/jobs/${id}`)),
    await shape(await fetch(`${stack.url}/v1/jobs/${id}/status`)),
  ];
  let told = "";
  while (!told.includes("answered")) told += Buffer.from((await events?.read())?.value ?? []).toString();
  const after = await metrics(stack.url);
  await sleep(SETTLED_MS);
  stop.abort();
  const frames = (["to-enclave", "from-enclave"] as const).flatMap((direction) => {
    const carried = stack.tap.carried.slice(carriedFrom).filter((one) => one.direction === direction);
    const splitter = new FrameSplitter();
    splitter.push(Buffer.from("\n")); // the handshake was long ago
    const { frames: all } = splitter.push(Buffer.concat(carried.map(({ bytes }) => bytes)));
    // the host asks for evidence once a minute, whatever else goes on
    return all.filter((frame) => messageOf(frame).kind === MESSAGE.job).map((frame) => `${direction} ${frame.length}`);
  });
  const moved = [...after].flatMap(([name, value]) => (value === before.get(name) ? [] : [`${name} ${value - (before.get(name) ?? 0)}`]));
  return { frames, answers, events: withoutIds(told), log: stack.log.slice(logFrom).map(withoutIds).toSorted(), metrics: moved.toSorted() };
}

const SETTLED_MS = 30;

/** Status, header fields and length of an answer; what counts down or tells the time is a number like any other. */
async function shape(response: Response): Promise<string> {
  const length = (await response.arrayBuffer()).byteLength;
  const headers = [...response.headers].map(([name, value]) =>
    name === "content-length" ? `${name}: ${value}` : `${name}: ${withoutIds(value)}`,
  );
  return [response.status, length, ...headers.filter((line) => !line.startsWith("date:"))].join("\n");
}

/** Every number of /metrics but those that measure time or the process. */
async function metrics(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !/_seconds(_|\b)|^caladrius_store_commit_changes/.test(line));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]));
}
