import type { X509Certificate } from "node:crypto";
import { Agent, type RequestOptions } from "node:https";
import { connect, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import type { Clock } from "../boot/clock.ts";
import { rootsAsPem, type Endpoint } from "./endpoint.ts";

/** What connections to KMS go through and lead up to. */
export interface AgentOptions {
  /** the `kms` socket: the host's forwarder, which sees TLS records alone */
  socketPath: string;
  endpoint: Endpoint;
  /** DER, the constitution's */
  tlsRoots: readonly Uint8Array[];
  clock: Clock;
  /** for the Unix socket and the handshake together, ms */
  connectMs: number;
}

type Connected = (error: Error | null, stream: Socket) => void;

/**
 * HTTPS over the `kms` socket. TLS ends here: against the constitution's roots and never the system's or Node's, for
 * the endpoint's name, in a version and with ciphers that neither the environment nor the forwarder can lower. A
 * certificate must be valid by OpenSSL, which believes the kernel's clock, and by the enclave's own clock.
 *
 * @throws ConfigurationError kms-tls-roots
 */
export class KmsAgent extends Agent {
  readonly #options: AgentOptions;
  readonly #context: SecureContext;

  constructor(options: AgentOptions) {
    // Sessions are never resumed: only a full handshake shows the certificates, whose time may have run out since.
    super({ keepAlive: true, maxSockets: 8, maxFreeSockets: 2, timeout: IDLE_MS, maxCachedSessions: 0 });
    this.#options = options;
    this.#context = createSecureContext({
      ca: rootsAsPem(options.tlsRoots),
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      ciphers: CIPHERS,
    });
  }

  /** @returns undefined: the connection comes with the callback, once everything about it is checked */
  override createConnection(_request: RequestOptions, connected?: Connected): undefined {
    const { socketPath, endpoint, clock, connectMs } = this.#options;
    const raw = connect(socketPath);
    const finish = (error: Error | null, stream: Socket = raw): void => {
      clearTimeout(timer);
      if (error !== null) raw.destroy();
      connected?.(error, stream);
      connected = undefined;
    };
    const timer = setTimeout(() => finish(new Error("no TLS in time")), connectMs);
    raw.on("error", finish); // stays for good: an error that nobody listens to would end the program
    raw.once("connect", () => {
      const secure = connectTls({
        socket: raw,
        host: endpoint.host,
        servername: endpoint.serverName,
        secureContext: this.#context,
        ALPNProtocols: ["http/1.1"],
        rejectUnauthorized: true,
        checkServerIdentity,
      });
      secure.on("error", finish);
      secure.once("close", () => finish(new Error("closed")));
      secure.once("secureConnect", () => {
        if (validByOwnClock(secure.getPeerX509Certificate(), clock)) finish(null, secure);
        else finish(new Error("a certificate is not valid at this time"));
      });
    });
  }
}

/** Every certificate that leads up to the root, by the enclave's own clock: whoever sets the kernel's revives no old one. */
function validByOwnClock(leaf: X509Certificate | undefined, clock: Clock): boolean {
  try {
    const { fromMs, toMs } = clock.now();
    for (let certificate = leaf; certificate !== undefined; certificate = certificate.issuerCertificate) {
      if (fromMs < certificate.validFromDate.getTime() || toMs > certificate.validToDate.getTime()) return false;
    }
    return leaf !== undefined;
  } catch {
    return false; // no time, no connection
  }
}

/** A forwarder may drop idle connections at any time; this keeps the race rare. */
const IDLE_MS = 10_000;
/** AEAD with forward secrecy (RFC 9325 §4.2), TLS 1.3 first. */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_AES_128_GCM_SHA256",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":");
