import type { EifArchitecture } from "../eif/layout.ts";
import { ImageError } from "../errors.ts";
import { objectOf, parseObject, textOf, textsOf } from "./json.ts";

/** What of an image's configuration the enclave can honour. */
export interface ImageConfig {
  cmd: string[];
  env: string[];
  /** SHA-256 of each layer uncompressed, lowest first: `sha256:…`. */
  layers: string[];
  /** What was passed over, one sentence each. */
  warnings: string[];
}

/**
 * Parse an image configuration (OCI image specification, "Image Configuration"; Docker's has the same fields).
 *
 * The command is what nitro-cli takes: Cmd, or Entrypoint only when there is no Cmd. Init starts it as root in `/`, so
 * another working directory or user is refused rather than passed over: the program would run otherwise than it says.
 * @throws ImageError `source-config`, `source-platform`, `source-unsupported`
 */
export function parseImageConfig(bytes: Uint8Array, architecture: EifArchitecture): ImageConfig {
  const root = parseObject(bytes, "source-config", "the configuration");
  const platform = `${String(root["os"])}/${String(root["architecture"])}`;
  if (platform !== PLATFORM[architecture])
    throw new ImageError("source-platform", `the image is for ${platform}, not for ${PLATFORM[architecture]}`);
  const config = root["config"] === undefined || root["config"] === null ? {} : objectOf(root["config"], "source-config", "config");
  refuseOther(config["WorkingDir"], ["", "/"], "WorkingDir", "init starts programs in /: set WORKDIR / and name files by absolute paths");
  refuseOther(
    config["User"],
    ["", "0", "0:0", "root", "root:root"],
    "User",
    "init starts programs as root: set USER root, and let the program drop what it does not need",
  );
  const cmd = textsOf(config["Cmd"], "source-config", "Cmd");
  const entrypoint = textsOf(config["Entrypoint"], "source-config", "Entrypoint");
  if (cmd.length === 0 && entrypoint.length === 0) throw new ImageError("source-config", "neither Cmd nor Entrypoint");
  const env = textsOf(config["Env"], "source-config", "Env");
  for (const variable of env) if (!/^[^=]+=/.test(variable)) throw new ImageError("source-config", `Env has ${JSON.stringify(variable)}`);
  const layers = textsOf(objectOf(root["rootfs"], "source-config", "rootfs")["diff_ids"], "source-config", "diff_ids");
  const both = cmd.length > 0 && entrypoint.length > 0;
  return {
    cmd: cmd.length > 0 ? cmd : entrypoint,
    env,
    layers,
    warnings: both ? [`Entrypoint ${JSON.stringify(entrypoint)} is passed over: where there is a Cmd, nitro-cli starts that alone`] : [],
  };
}

/** The platform names of Go, which images use. */
export const PLATFORM: Readonly<Record<EifArchitecture, string>> = { x86_64: "linux/amd64", aarch64: "linux/arm64" };

function refuseOther(value: unknown, allowed: readonly string[], field: string, advice: string): void {
  const text = value === undefined || value === null ? "" : textOf(value, "source-config", field);
  if (!allowed.includes(text)) throw new ImageError("source-unsupported", `${field} is ${JSON.stringify(text)}, and ${advice}`);
}
