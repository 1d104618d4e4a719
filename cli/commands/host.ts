import { join, resolve } from "node:path";
import {
  credentialChain,
  credentialFile,
  keptStatusList,
  startHost,
  statusListFile,
  statusListUrl,
  type HostLogger,
  type KmsEndpoint,
  type StatusListSource,
} from "@caladrius/host";
import {
  decodeApproved,
  decodeConstitution,
  decodeStatement,
  MAX_BUNDLE_BYTES,
  MAX_CONSTITUTION_BYTES,
  MAX_STATUS_LIST_BYTES,
  type StatementKind,
} from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { DEFAULT_ADDRESS, DEFAULT_PORT, defaultDataFolder } from "../defaults.ts";
import { about, EXIT, UnreachableError, UsageError, type ExitCode } from "../exit.ts";
import { makeFolder, readIfThere, readLimited } from "../files.ts";
import { untilAsked } from "../local.ts";
import { lazyPages } from "../pages.ts";
import type { Terminal } from "../print.ts";
import { readSignIn } from "../sign-in-options.ts";

/** The host alone. It hands constitution and bundle over; which ones they are shows in PCR16 and PCR17, not here. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const constitution = await readStatement(args.text("constitution"), "constitution", MAX_CONSTITUTION_BYTES);
  const bundlePath = args.text("bundle");
  const bundleBytes = await readLimited(bundlePath, 2 * MAX_BUNDLE_BYTES);
  const bundle = await about(bundlePath, () => decodeApproved(bundleBytes));
  const kmsListen = args.optional("kms-listen");
  const credentials = args.optional("kms-credentials");
  const fleet = args.many("fleet");
  const signInFile = args.optional("sign-in");
  const signIn = signInFile === null ? null : await readSignIn(signInFile);
  const dataDir = join(resolve(args.optional("data") ?? defaultDataFolder()), "host");
  const port = args.integer("port", 0, 65_535, DEFAULT_PORT);
  const asked = untilAsked();
  void asked.then((signal) => terminal.progress(`${signal}: finishing what is at work`));

  await makeFolder(dataDir, 0o700);
  const { first: statusList, source: statusLists } = await openStatusList(args.text("status-list"), dataDir, terminal);
  const host = await startHost({
    enclaveSocket: args.text("enclave"),
    constitution,
    bundle: bundle.statement,
    bundleApprovals: bundle.approvals,
    statusList,
    statusLists,
    dataDir,
    port,
    listenHost: DEFAULT_ADDRESS,
    ...(kmsListen === null ? {} : { kmsListen, kmsEndpoint: kmsEndpoint(constitution) }),
    ...(credentials === null
      ? {}
      : { kmsCredentials: credentials === "default" ? credentialChain() : credentialFile(resolve(credentials)) }),
    ...(fleet.length === 0 ? {} : { fleet: fleet.map((place) => resolve(place)) }),
    ...(signIn === null ? {} : { signIn }),
    pages: lazyPages(),
    logger: logTo(terminal),
    clock: { nowMs: () => Date.now() },
  });
  terminal.object({ url: host.url });
  terminal.line(`host       ${host.url}  (interface: ${host.url}/docs; ready when ${host.url}/readyz answers 200)`);
  terminal.line(`verify     ${host.url}/verify  (results, in a browser)`);
  if (fleet.length > 0) terminal.line(`fleet      ${fleet.join(", ")}  (where each epoch stands: ${host.url}/readyz)`);
  terminal.line("Ctrl-C ends it");
  await asked;
  await host.close();
  terminal.line("stopped");
  return EXIT.ok;
}

/** The list to begin with, and where newer ones will be. Where an address is silent, the list of an earlier run will do for a start. */
async function openStatusList(
  place: string,
  dataDir: string,
  terminal: Terminal,
): Promise<{ first: Uint8Array; source: StatusListSource }> {
  if (!/^https?:/i.test(place)) {
    const first = await readLimited(place, MAX_STATUS_LIST_BYTES);
    await about(place, () => decodeStatement(decodeApproved(first).statement, "status-list"), "status list");
    return { first, source: statusListFile(resolve(place)) };
  }
  const source = statusListUrl(place);
  try {
    const first = await source.read();
    if (first !== null) return { first, source };
    throw new UnreachableError(`${source.name} gave nothing`);
  } catch (error) {
    const kept = await readIfThere(keptStatusList(dataDir), MAX_STATUS_LIST_BYTES);
    const reason = error instanceof Error ? error.message : "it cannot be fetched";
    if (kept === null) throw new UnreachableError(`${reason}; is the address right, and the authority's host up?`);
    terminal.note(`${reason}: beginning with the list that this host had before`);
    return { first: kept, source };
  }
}

/** A file of the kind that is asked for; whether it is the right one shows in the enclave alone. */
async function readStatement(path: string, kind: StatementKind, maxBytes: number): Promise<Uint8Array> {
  const bytes = await readLimited(path, maxBytes);
  await about(path, () => decodeStatement(bytes, kind), kind);
  return bytes;
}

/** Where the enclave's KMS connections go: the constitution says it, as the enclave will hold it to that. */
function kmsEndpoint(constitution: Uint8Array): KmsEndpoint {
  const { kms } = decodeConstitution(decodeStatement(constitution, "constitution").payload);
  if (kms === null) throw new UsageError("--kms-listen has nothing to forward to: the constitution names no KMS");
  const [, host, port] = /^(?:https:\/\/)?([a-z0-9.-]+)(?::(\d{1,5}))?\/?$/.exec(kms.endpoint) ?? [];
  if (host === undefined) throw new UsageError(`the constitution's KMS endpoint ${JSON.stringify(kms.endpoint)} is no host name`);
  return { host, port: port === undefined ? 443 : Number(port) };
}

/** The host's log, one JSON object a line on stderr: methods, route patterns, codes, durations. No payload is in it. */
function logTo(terminal: Terminal): HostLogger {
  return { level: "info", write: (line) => terminal.note(line.trimEnd()) };
}
