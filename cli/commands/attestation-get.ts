import { HostClient } from "@caladrius/client";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { refuseExisting, writeWhole } from "../files.ts";
import { tellRetries } from "../outcomes.ts";
import type { Terminal } from "../print.ts";
import { readTokens } from "../sign-in-options.ts";

/** Fetches an attestation document from a host and writes it as it came. Nothing is verified here. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const out = args.text("out");
  const force = args.flag("force");
  const nonce = args.hex("nonce", 8, 64);
  const url = args.text("host");
  refuseOtherUrl(url);
  if (!force) await refuseExisting(out);
  const tokens = await readTokens(args);
  const host = new HostClient(url, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    retry: { firstContactMs: 0 }, // whoever asks once is told at once that nobody is there
    ...(tokens === null ? {} : { tokens }),
    onRetry: tellRetries(terminal),
  });
  const { evidence } = await host.attestation(nonce);
  await writeWhole(out, evidence, { force });
  terminal.object({ out, bytes: evidence.length });
  terminal.line(`wrote ${out} (${evidence.length} bytes, not verified)`);
  terminal.line(`next  npx caladrius attestation verify ${out} --trust FILE${nonce === null ? "" : ` --nonce ${toHex(nonce)}`}`);
  return EXIT.ok;
}

/** The host's address is http or https, with nothing behind the port. @throws UsageError */
function refuseOtherUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.pathname !== "/" || url.search !== "" || url.username !== "") {
    throw new UsageError(`--host must be an address such as http://127.0.0.1:8470, not ${JSON.stringify(text)}`);
  }
}

const TIMEOUT_MS = 30_000;
