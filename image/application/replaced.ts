import { isBuiltin } from "node:module";
import path from "node:path";
import type { Plugin } from "esbuild";

/** What the bundle holds instead, relative to the repository: every name of it throws when it is used. */
export const REPLACEMENT = "enclave/kms/absent.ts";

/** Packages of the AWS SDK that look for credentials or carry what a Lambda function was called with, and two that KMS gives no work. */
const PACKAGES =
  /^(?:@aws-sdk\/(?:credential-provider-|nested-clients|token-providers|xml-builder)|@smithy\/credential-provider-|@aws\/lambda-|bowser$)/;

/** Its files and folders that read the environment, shared configuration or the metadata service. */
const FILES = [
  "@smithy/core/dist-es/submodules/config/shared-ini-file-loader/",
  "@smithy/core/dist-es/submodules/config/node-config-provider/",
  "@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getInstanceMetadataRegion",
  "@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/defaultUserAgent",
  "@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/getRuntimeUserAgentPair",
].map((file) => `node_modules/${file}`);

/** Node's own modules that a library may have: none that opens files, starts processes or speaks HTTP in the clear. */
const BUILTINS = /^(?:node:)?(?:buffer|crypto|https|net|stream|tls|util)$/;

/**
 * Takes out of the bundle what would let the environment, a file or another machine decide for the program, and every
 * module of Node that a library has no need of there. The program's own imports are another matter: a test lists them.
 */
export function replaceForeign(root: string): Plugin {
  const isReplaced = (specifier: string, folder: string): boolean => {
    if (PACKAGES.test(specifier)) return true;
    if (!folder.startsWith("node_modules/")) return false;
    if (isBuiltin(specifier)) return !BUILTINS.test(specifier);
    return specifier.startsWith(".") && FILES.some((file) => path.posix.join(folder, specifier).startsWith(file));
  };
  return {
    name: "replace-foreign",
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path: specifier, resolveDir }) => {
        const folder = path.relative(root, resolveDir).split(path.sep).join("/");
        return isReplaced(specifier, `${folder}/`) ? { path: path.join(root, REPLACEMENT) } : null;
      });
    },
  };
}
