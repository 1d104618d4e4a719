import { resolve } from "node:path";
import type { Arguments } from "../arguments.ts";
import { DEFAULT_PORT, defaultDataFolder } from "../defaults.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { givenDeployment } from "../given-deployment.ts";
import { startLocal, untilAsked } from "../local.ts";
import { fleetObject, printFleet, printSimulator, simulatorEvents, warningsTo } from "../tell.ts";
import type { Terminal } from "../print.ts";

/** Simulator and host until a signal; then the host drains. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const data = resolve(args.optional("data") ?? defaultDataFolder());
  const port = args.integer("port", 0, 65_535, DEFAULT_PORT);
  const fleet = args.optional("fleet");
  if (fleet !== null && !/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(fleet))
    throw new UsageError("--fleet must be a name of 1 to 64 characters: a to z, 0 to 9 and hyphens inside");
  const given = await givenDeployment(args);
  if (given !== null && fleet !== null)
    throw new UsageError(
      "--fleet makes a development deployment, and cannot be one of your own",
      "approve its epochs with `caladrius fleet`, and give `caladrius host` their folder",
    );
  const asked = untilAsked();
  void asked.then((signal) => terminal.progress(`${signal}: finishing what is at work`));
  const local = await startLocal({ data, port, fleet, given, logger: warningsTo(terminal), events: simulatorEvents(terminal) });
  terminal.object({ url: local.url, trust: local.simulator.trust, ...fleetObject(local.simulator.fleet) });
  printSimulator(local.simulator, terminal);
  terminal.line(`host       ${local.url}  (interface: ${local.url}/docs)`);
  terminal.line(`verify     ${local.url}/verify  (results, in a browser)`);
  terminal.line(`trust      ${local.simulator.trust}`);
  if (local.simulator.fleet !== null) printFleet(local.simulator.fleet, terminal);
  terminal.line(`next       npx caladrius submit INPUT --host ${local.url} --trust ${local.simulator.trust} --out results`);
  terminal.line("Ctrl-C ends it");
  await asked;
  await local.close();
  terminal.line("stopped");
  return EXIT.ok;
}
