import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { delimiter, join } from "node:path";
import { DEFAULT_PORT } from "../defaults.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import type { Arguments } from "../arguments.ts";
import { styled, type Style, type Terminal } from "../print.ts";

/** One thing that was tried. */
interface Examination {
  name: string;
  /** works; optional: missing and something is done without it; broken: `caladrius up` cannot run */
  state: "works" | "optional" | "broken";
  found: string;
  /** what to do, "" when nothing need be done */
  advice: string;
}

/** Tries what the other commands need; exit code 3 when something they cannot do without is missing. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const port = args.integer("port", 0, 65_535, DEFAULT_PORT);
  const examinations = [node(), machine(), temporaryFolder(), namespaces(), compiler(), chromium(), await portFree(port)];
  for (const one of examinations) terminal.object(one);
  terminal.table(examinations.map((one) => [styled(STYLE[one.state], one.state), one.name, one.found]));
  for (const one of examinations.filter((each) => each.advice !== "")) terminal.line(`${one.name}: ${one.advice}`);
  return examinations.some((one) => one.state === "broken") ? EXIT.unreachable : EXIT.ok;
}

const STYLE: Readonly<Record<Examination["state"], Style>> = { works: "green", optional: "yellow", broken: "red" };

function node(): Examination {
  return { name: "node", state: "works", found: `Node ${process.versions.node}, ${process.platform} ${process.arch}`, advice: "" };
}

function machine(): Examination {
  const gigabytes = totalmem() / 2 ** 30;
  const enough = gigabytes >= 2;
  return {
    name: "machine",
    state: enough ? "works" : "optional",
    found: `${availableParallelism()} processors, ${gigabytes.toFixed(1)} GiB of memory`,
    advice: enough ? "" : "with less than 2 GiB, long ECGs may not fit: split them",
  };
}

function temporaryFolder(): Examination {
  try {
    const folder = mkdtempSync(join(tmpdir(), "caladrius-doctor-"));
    writeFileSync(join(folder, "probe"), "probe");
    const disk = statfsSync(folder);
    rmSync(folder, { recursive: true, force: true });
    const free = (disk.bavail * disk.bsize) / 2 ** 30;
    const enough = free >= 1;
    return {
      name: "temporary folder",
      state: enough ? "works" : "broken",
      found: `${tmpdir()}, ${free.toFixed(1)} GiB free`,
      advice: enough ? "" : "the image and its unpacked copy need 1 GiB: make room or set TMPDIR",
    };
  } catch (error) {
    return {
      name: "temporary folder",
      state: "broken",
      found: `${tmpdir()}: ${messageOf(error)}`,
      advice: "set TMPDIR to a folder that can be written",
    };
  }
}

/** The same namespaces that the simulator's launcher wants: no network, own processes, own mounts. */
function namespaces(): Examination {
  const probe = spawnSync("unshare", ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--ipc", "--uts", "--net", "true"], {
    encoding: "utf8",
    timeout: 10_000,
  });
  const works = probe.status === 0;
  return {
    name: "namespaces",
    state: works ? "works" : "optional",
    found: works ? "mount, pid, ipc, uts and network" : (probe.error?.message ?? probe.stderr.trim().split("\n")[0] ?? "unshare failed"),
    advice: works
      ? ""
      : "the simulator then runs its enclave as a plain process and says so; allow user namespaces, or run as root, for its own network and mounts",
  };
}

function compiler(): Examination {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-doctor-"));
  try {
    writeFileSync(join(folder, "probe.c"), "int main(void) { return 0; }\n");
    const probe = spawnSync("cc", ["-static", "-o", join(folder, "probe"), join(folder, "probe.c")], { encoding: "utf8", timeout: 30_000 });
    const works = probe.status === 0;
    return {
      name: "compiler",
      state: works ? "works" : "optional",
      found: works ? "cc makes static programs" : (probe.error?.message ?? "cc cannot make static programs"),
      advice: works
        ? ""
        : "the image then holds a placeholder instead of init and cannot boot on hardware; on Debian: apt-get install gcc libc6-dev",
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function chromium(): Examination {
  const found = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(onPath).find((path) => path !== null) ?? null;
  return {
    name: "chromium",
    state: found === null ? "optional" : "works",
    found: found ?? "none on the PATH",
    advice: found === null ? "only the tests that run in a browser need it; on Debian: apt-get install chromium" : "",
  };
}

function onPath(program: string): string | null {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return join(folder, program);
    } catch {
      continue;
    }
  }
  return null;
}

async function portFree(port: number): Promise<Examination> {
  const problem = await new Promise<string | null>((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.message));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(null)));
  });
  return {
    name: "port",
    state: problem === null ? "works" : "optional",
    found: problem ?? `127.0.0.1:${port} is free`,
    advice: problem === null ? "" : "choose another with --port, or --port 0 for any free one",
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
