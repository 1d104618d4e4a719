/** Where the program finds its three sockets; init and the launcher make this folder for the program's user alone. */
export const SOCKET_FOLDER = "/run/caladrius";

/** The unprivileged user that the program runs as. */
export const PROGRAM_USER = 1000;

/** The very argument vector that PCR2 measures: the flags are part of what is attested. */
export const COMMAND: readonly string[] = [
  "/usr/bin/node",
  "--permission", // no files but the next line, no processes, no workers, no addons
  "--allow-fs-read=/app/",
  "--frozen-intrinsics",
  "--disallow-code-generation-from-strings",
  "--disable-sigusr1", // no debugger by signal
  "--no-addons",
  "--disable-warning=ExperimentalWarning", // --frozen-intrinsics would say so on stderr, where only fixed codes may appear
  "--stack-trace-limit=0", // Node throws inside at every key import: without a trace that costs a third, and no trace can leak
  "--max-old-space-size=256",
  "--max-semi-space-size=16",
  "--v8-pool-size=1", // fewer threads, less memory: one thread does the work
  "/app/enclave.mjs",
  "--cedar",
  "/app/cedar_wasm_bg.wasm", // measured like the program; init and launcher know nothing of it
  "--nsm",
  `${SOCKET_FOLDER}/nsm`,
  "--serve",
  `${SOCKET_FOLDER}/serve`,
  "--kms",
  `${SOCKET_FOLDER}/kms`,
];

/** All of the program's environment. */
export const ENVIRONMENT: readonly string[] = ["TZ=UTC", "LC_ALL=C", "MALLOC_ARENA_MAX=2", "UV_THREADPOOL_SIZE=1"];
