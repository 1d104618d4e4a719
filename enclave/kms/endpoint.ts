import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { ConfigurationError } from "@caladrius/wire";

/** Where KMS is, as the constitution says. */
export interface Endpoint {
  /** a name or an address, without brackets */
  host: string;
  /** what the SDK is given: scheme, host and port, nothing else */
  url: string;
  /** what TLS asks for by name; empty for an address, which has no name (RFC 6066 §3) */
  serverName: string;
}

/** @throws ConfigurationError kms-endpoint for anything but `https://host[:port]` or `host[:port]` */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:https:\/\/)?([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?$/.exec(text);
  const name = match?.[1];
  const port = Number(match?.[2] ?? 443);
  if (name === undefined || port < 1 || port > 65_535)
    throw new ConfigurationError("kms-endpoint", "the constitution's KMS endpoint is not https://host[:port]");
  const host = name.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return { host, url: `https://${name.toLowerCase()}:${port}`, serverName: isIP(host) === 0 ? host : "" };
}

/** The region of a full key ARN, for the signature; null for what is not one: an alias would leave the choice of key to others. */
export function regionOfKey(arn: string): string | null {
  return /^arn:aws[a-z-]{0,16}:kms:([a-z0-9-]{1,32}):[0-9]{12}:key\/[A-Za-z0-9-]{1,64}$/.exec(arn)?.[1] ?? null;
}

/**
 * The constitution's roots as PEM (RFC 7468): the only ones that a connection to KMS may lead up to.
 * @throws ConfigurationError kms-tls-roots for bytes that are not exactly one certificate in DER
 */
export function rootsAsPem(tlsRoots: readonly Uint8Array[]): string[] {
  return tlsRoots.map((der) => {
    try {
      const certificate = new X509Certificate(der); // takes PEM and trailing bytes as well
      if (certificate.raw.equals(der)) return certificate.toString();
    } catch {
      // refused below
    }
    throw new ConfigurationError("kms-tls-roots", "a TLS root of the constitution is not a certificate in DER");
  });
}
