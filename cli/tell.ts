import type { HostLogger } from "@caladrius/host";
import { styled, type Terminal } from "./print.ts";
import type { SimulatedFleet, Simulator, SimulatorEvents } from "./simulator.ts";

/** What the simulator tells, on the terminal. */
export function simulatorEvents(terminal: Terminal): SimulatorEvents {
  return {
    progress: (step) => terminal.progress(step),
    restarting: (reason) =>
      terminal.note([
        styled("yellow", `the enclave ended (${reason}) and is started again; its own keys are gone with it, those of a fleet are not`),
      ]),
  };
}

/** The host's warnings, one a line on stderr. The host has no payload to log. */
export function warningsTo(terminal: Terminal): HostLogger {
  return { level: "warn", write: (line) => terminal.note(line.trimEnd()) };
}

/** What was measured and how the enclave is fenced off, for people. */
export function printSimulator({ image, pcrs, isolation }: Simulator, terminal: Terminal): void {
  terminal.line([
    styled("yellow", "simulator  made by software under a test root: nothing here is confidential, and every verdict says so"),
  ]);
  terminal.line(`image      ${(image.eif.length / 2 ** 20).toFixed(0)} MiB, measured${image.bootable ? "" : ", with placeholders:"}`);
  for (const placeholder of image.placeholders) terminal.line(`           ${placeholder}`);
  for (const [index, value] of Object.entries(pcrs))
    terminal.line(`PCR${index.padEnd(8)}${value.slice(0, 32)}…  ${PCR_MEANING[index] ?? ""}`);
  terminal.line(`isolation  ${isolation.detail}`);
}

/** The fleet, its KMS keys, and how to try jobs under data keys. */
export function printFleet({ name, epochs, kms }: SimulatedFleet, terminal: Terminal): void {
  terminal.line(`fleet      ${name}: jobs sealed to it outlive the enclave; epochs lie in ${epochs}`);
  for (const arn of kms.named.keys) terminal.line(`KMS key    ${arn}`);
  terminal.line(`data keys  submit --kms-key ${kms.dataKey} --kms-endpoint ${kms.kms.url} --kms-ca ${kms.kms.caPath}`);
  terminal.line(`           with AWS_SHARED_CREDENTIALS_FILE=${kms.submitterCredentialsPath}`);
}

/** The same for programs: paths and addresses, no secret. */
export function fleetObject(fleet: SimulatedFleet | null): Readonly<Record<string, unknown>> {
  if (fleet === null) return {};
  const { name, epochs, kms } = fleet;
  const { url: endpoint, caPath: ca } = kms.kms;
  return {
    fleet: name,
    epochs,
    kms: { endpoint, ca, keys: kms.named.keys, dataKey: kms.dataKey, credentials: kms.submitterCredentialsPath },
  };
}

const PCR_MEANING: Readonly<Record<string, string>> = {
  "0": "whole image",
  "1": "boot part",
  "2": "application",
  "16": "constitution",
};
