import { homedir } from "node:os";
import { join } from "node:path";

/** Port of the HTTP API unless --port names another. */
export const DEFAULT_PORT = 8470;

/** Port of the simulated KMS unless --port names another. */
export const DEFAULT_KMS_PORT = 8471;

/** Address that the HTTP API listens on: this machine alone. */
export const DEFAULT_ADDRESS = "127.0.0.1";

/** Oldest document that a new trust file accepts live, in seconds: as old as a host that is ready may have one. */
export const DEFAULT_MAX_AGE_SECONDS = 900;

/** Where `up`, `host` and `simulate` keep their state unless --data names another folder. */
export function defaultDataFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const state = environment["XDG_STATE_HOME"];
  return state !== undefined && state.startsWith("/") ? join(state, "caladrius") : join(homedir(), ".local", "state", "caladrius");
}

/** Where `image build` keeps the Debian packages that it fetched unless --packages names another folder. */
export function defaultPackagesFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const cache = environment["XDG_CACHE_HOME"];
  return join(cache !== undefined && cache.startsWith("/") ? cache : join(homedir(), ".cache"), "caladrius", "packages");
}
