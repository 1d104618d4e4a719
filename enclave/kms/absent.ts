import { InvariantError } from "@caladrius/wire";

/**
 * Stands in the image for what the AWS SDK would otherwise read the environment, files, other machines or processes
 * with: the bundler puts it in the place of those modules. A default that the program forgot to override ends here.
 * @throws InvariantError absent-module
 */
function absent(): never {
  throw new InvariantError("absent-module", "a module that is not part of the image was used");
}

/** The SDK prepares one of these as it is loaded: what it gives throws when the setting is asked for. */
export function loadConfig(): typeof absent {
  return absent;
}

// The names that what remains of the SDK imports; the bundler refuses to build when one is missing.
export {
  absent as createDefaultUserAgentProvider,
  absent as createReadStream,
  absent as crtAvailability,
  absent as CONFIG_PREFIX_SEPARATOR,
  absent as default,
  absent as defaultProvider,
  absent as defaultUserAgent,
  absent as DEFAULT_PROFILE,
  absent as ENV_PROFILE,
  absent as externalDataInterceptor,
  absent as fromStatic,
  absent as fstatSync,
  absent as getHomeDir,
  absent as getInstanceMetadataRegion,
  absent as getProfileName,
  absent as getSSOTokenFilepath,
  absent as getSSOTokenFromFile,
  absent as InvokeStore,
  absent as loadSharedConfigFiles,
  absent as loadSsoSessionData,
  absent as lstatSync,
  absent as parseKnownFiles,
  absent as parseXML,
  absent as readFile,
  absent as ReadStream,
  absent as XmlNode,
  absent as XmlText,
};
