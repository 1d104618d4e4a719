import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { PROGRAM_USER } from "@caladrius/image";
import type { UnpackedApplication } from "./unpack.ts";

/** How an enclave process is fenced off here, and the command that does it. */
export interface Isolation {
  /** Whether it has mount, pid, ipc, uts and net namespaces and a root folder of its own. */
  namespaces: boolean;
  /** One sentence for people. */
  detail: string;
  /** The whole argument vector to start. */
  argv: string[];
}

/**
 * Find the strongest fence that works on this system, by trying each with the unpacked Node itself.
 *
 * Order: a user namespace in which the program is an unprivileged user; the same without one, which needs root; none.
 */
export async function findIsolation(application: UnpackedApplication, allowNamespaces: boolean): Promise<Isolation> {
  const [setpriv, unshare, probe] = await Promise.all([findTool("setpriv"), findTool("unshare"), findTool("true")]);
  const tied = [setpriv ?? "", ...DIE_WITH_PARENT];
  const guard = setpriv !== null && probe !== null && (await works([...tied, probe])) ? tied : [];
  const [program = ""] = application.cmd;
  if (allowNamespaces && unshare !== null) {
    for (const { flags, detail } of FENCES) {
      const fence = [...guard, unshare, ...flags, ...NAMESPACES, `--root=${application.rootfs}`, "--wd=/"];
      if (await works([...fence, program, "--version"])) return { namespaces: true, detail, argv: [...fence, ...application.cmd] };
    }
  }
  return { ...plain(application), argv: [...guard, ...plain(application).argv] };
}

/** Without namespaces paths have to name the unpacked files from outside. */
function plain({ cmd, rootfs, loader, libraryFolders }: UnpackedApplication): Isolation {
  const outside = cmd.map((argument) =>
    argument.replace(/^(--[a-z-]+=)?\//, (_, option: string | undefined) => `${option ?? ""}${rootfs}/`),
  );
  if (loader === null)
    return {
      namespaces: false,
      detail: "no namespaces: Node from the image with this system's libraries, its network and its files",
      argv: outside,
    };
  const libraries = libraryFolders.map((folder) => path.join(rootfs, folder)).join(":");
  return {
    namespaces: false,
    detail: "no namespaces: Node and libraries from the image, but with this system's network and files; --permission still denies files",
    argv: [path.join(rootfs, loader), "--library-path", libraries, ...outside],
  };
}

/** The program gets its measured environment alone, without PATH: the tools around it are named in full. */
async function findTool(name: string): Promise<string | null> {
  for (const folder of [...(process.env["PATH"] ?? "").split(":"), "/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
    const file = path.join(folder, name);
    if (!path.isAbsolute(file)) continue;
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return null;
}

async function works(argv: readonly string[]): Promise<boolean> {
  const [program = "", ...args] = argv;
  try {
    await promisify(execFile)(program, args, { timeout: 10_000, env: {} });
    return true;
  } catch {
    return false;
  }
}

// The launcher may be killed at any time: setpriv ties unshare to it, and --kill-child the program to unshare.
const DIE_WITH_PARENT = ["--pdeathsig", "KILL", "--no-new-privs"];
const NAMESPACES = ["--mount", "--pid", "--ipc", "--uts", "--net", "--fork", "--kill-child"];
const USER = [`--map-user=${PROGRAM_USER}`, `--map-group=${PROGRAM_USER}`];
const FENCES: readonly { flags: readonly string[]; detail: string }[] = [
  {
    flags: ["--user", ...USER, "--mount-proc"],
    detail: "own user, mount, pid, ipc, uts and net namespaces, root folder from the image, unprivileged, no network",
  },
  {
    flags: ["--user", ...USER],
    detail: "own user, mount, pid, ipc, uts and net namespaces, root folder from the image, unprivileged, no network, no /proc",
  },
  {
    flags: ["--mount-proc"],
    detail:
      "own mount, pid, ipc, uts and net namespaces, root folder from the image, no network; as root, since user namespaces are not available",
  },
  {
    flags: [],
    detail:
      "own mount, pid, ipc, uts and net namespaces, root folder from the image, no network, no /proc; as root, since user namespaces are not available",
  },
];
