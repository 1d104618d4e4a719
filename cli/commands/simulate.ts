import { resolve } from "node:path";
import type { Arguments } from "../arguments.ts";
import { defaultDataFolder } from "../defaults.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { givenDeployment } from "../given-deployment.ts";
import { RENEW_EVERY_MS, untilAsked } from "../local.ts";
import type { Terminal } from "../print.ts";
import { startSimulator } from "../simulator.ts";
import { printSimulator, simulatorEvents } from "../tell.ts";

/** The simulated enclave alone, until a signal. It is booted by the first host that connects. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const data = resolve(args.optional("data") ?? defaultDataFolder());
  const given = await givenDeployment(args);
  const asked = untilAsked();
  const simulator = await startSimulator(data, simulatorEvents(terminal), null, given);
  const { constitution, bundle, statusList } = simulator.deployment.paths;
  const { socketPath: enclave, trust } = simulator;
  terminal.object({ enclave, constitution, bundle, statusList, trust });
  printSimulator(simulator, terminal);
  terminal.line(`trust      ${trust}`);
  terminal.line(
    `next       npx caladrius host --enclave ${enclave} --constitution ${constitution} --bundle ${bundle} --status-list ${statusList}`,
  );
  terminal.line("Ctrl-C ends it");
  const renewal = setInterval(() => simulator.deployment.newStatusList(), RENEW_EVERY_MS);
  await asked;
  clearInterval(renewal);
  await simulator.stop();
  return EXIT.ok;
}
