import { STATUS_LIST_TYPE } from "@caladrius/host";
import { EXIT, failureOf, UnreachableError, UsageError, worst, type ExitCode } from "../exit.ts";
import { styled, type Terminal } from "../print.ts";

/** What became of a list at one host. */
export interface Published {
  host: string;
  /** in-force, expired, waiting; or the code of a refusal */
  state: string;
  exit: ExitCode;
}

/** Hands a list to hosts, all at once: none waits for another that is silent. */
export async function publish(file: Uint8Array, hosts: readonly string[], terminal: Terminal): Promise<Published[]> {
  const published = await Promise.all(hosts.map((host) => publishAt(file, host)));
  for (const { host, state, exit, sentence } of published)
    terminal.line([styled(exit === EXIT.ok ? "green" : "red", state), `  ${host}${sentence === "" ? "" : `: ${sentence}`}`]);
  return published.map(({ host, state, exit }) => ({ host, state, exit }));
}

/** The exit code of a list that was handed to several hosts. */
export function worstOf(published: readonly Published[]): ExitCode {
  return worst(published.map(({ exit }) => exit));
}

/** The nonce of the enclave behind the one host that a list is to be fresh for. @throws UsageError, UnreachableError */
export async function bootNonceOf(hosts: readonly string[]): Promise<Uint8Array> {
  const [host] = hosts;
  if (host === undefined || hosts.length > 1)
    throw new UsageError("--fresh needs exactly one --host: each enclave has a boot nonce of its own");
  const answer = await ask(new URL("/readyz", urlOf(host)));
  const ready = (await answer.json().catch(() => null)) as { statusList?: { bootNonce?: unknown } } | null;
  const nonce = ready?.statusList?.bootNonce;
  if (typeof nonce !== "string" || !/^[0-9a-f]{64}$/.test(nonce))
    throw new UnreachableError(`${host} names no boot nonce; is its enclave up?`);
  return new Uint8Array(Buffer.from(nonce, "hex"));
}

async function publishAt(file: Uint8Array, host: string): Promise<Published & { sentence: string }> {
  try {
    const answer = await ask(new URL("/v1/status-list", urlOf(host)), file);
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    const text = (name: string): string => (typeof body[name] === "string" ? body[name] : "");
    if (answer.ok) return { host, state: text("state"), exit: EXIT.ok, sentence: "" };
    const exit = answer.status < 500 && answer.status !== 429 ? EXIT.contraindicated : EXIT.unreachable;
    return { host, state: text("code") || `${answer.status}`, exit, sentence: text("detail") };
  } catch (error) {
    const { code, sentence, exit } = failureOf(error);
    return { host, state: code, exit, sentence };
  }
}

function ask(url: URL, body?: Uint8Array): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  if (body === undefined) return fetch(url, { redirect: "error", signal });
  return fetch(url, {
    method: "POST",
    redirect: "error",
    signal,
    headers: { "content-type": STATUS_LIST_TYPE },
    body: new Uint8Array(body),
  });
}

function urlOf(host: string): URL {
  if (!/^https?:\/\//.test(host) || !URL.canParse(host))
    throw new UsageError(`--host ${JSON.stringify(host)} is no address`, "write it as http://127.0.0.1:8470");
  return new URL(host);
}

const TIMEOUT_MS = 15_000;
