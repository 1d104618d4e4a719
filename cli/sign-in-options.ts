import { dirname, resolve } from "node:path";
import { tokensOfFile, tokensOfServer, type AccessTokens } from "@caladrius/client";
import { parseSignInFile, type SignInConfig } from "@caladrius/host";
import type { Arguments } from "./arguments.ts";
import { about, UsageError } from "./exit.ts";
import { readText } from "./files.ts";

/** Access tokens for a host that wants sign-in; null where none were asked for. Secrets come from files, never from the command line. */
export async function readTokens(args: Arguments): Promise<AccessTokens | null> {
  const [file, tokenUrl, clientId] = [args.optional("token"), args.optional("token-url"), args.optional("client-id")];
  const [secretFile, keyFile, scope] = [args.optional("client-secret-file"), args.optional("client-key"), args.optional("token-scope")];
  const client = [tokenUrl, clientId, secretFile, keyFile, scope].some((one) => one !== null);
  if (file !== null && client) throw new UsageError("--token is a token that is there; --token-url and the rest ask for one");
  if (file !== null) return tokensOfFile(file);
  if (!client) return null;
  if (tokenUrl === null || clientId === null || (secretFile === null) === (keyFile === null))
    throw new UsageError("--token-url and --client-id belong together, with --client-secret-file or --client-key");
  const secret =
    secretFile === null
      ? ({ kind: "key", pem: await readText(keyFile ?? "", MAX_BYTES) } as const)
      : ({ kind: "secret", text: (await readText(secretFile, MAX_BYTES)).replace(/\r?\n$/, "") } as const);
  return tokensOfServer({ tokenUrl, clientId, secret, ...(scope === null ? {} : { scope }) });
}

/** Who may use a host; a path of keys counts from the file's folder. @throws FileProblem around ConfigurationError sign-in-file */
export async function readSignIn(path: string): Promise<SignInConfig> {
  const text = await readText(path, MAX_BYTES);
  const config = await about(path, () => parseSignInFile(text));
  return /^https?:/i.test(config.jwks) ? config : { ...config, jwks: resolve(dirname(path), config.jwks) };
}

const MAX_BYTES = 256 * 1024;
