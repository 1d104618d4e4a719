import { connect, type Socket } from "node:net";
import {
  decodeNsmResponse,
  DependencyError,
  encodeNsmRequest,
  NSM_MAX_REQUEST,
  NSM_MAX_RESPONSE,
  type NsmRequest,
  type NsmResponse,
} from "@caladrius/wire";

/** The Nitro Security Module behind the `nsm` socket: one request, one response, in order. */
export interface Nsm {
  /** @throws DependencyError nsm-* when it does not answer or answers with an error */
  call<K extends NsmRequest["kind"]>(request: Extract<NsmRequest, { kind: K }>): Promise<Extract<NsmResponse, { kind: K }>>;
}

const LENGTH_BYTES = 4;
const TIMEOUT_MS = 120_000; // the driver's own
const RETRY_MS = 1000;

/**
 * Connects to the socket that relays to /dev/nsm.
 * @param onLost called once when the connection has failed: there will be no NSM any more
 */
export async function connectNsm(path: string, onLost: () => void): Promise<Nsm> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const attempt = connect(path, () => resolve(attempt));
    attempt.once("error", () => reject(new DependencyError("nsm-unreachable", "the nsm socket does not accept connections", RETRY_MS)));
  });
  return new NsmClient(socket, onLost);
}

interface Waiting {
  resolve(response: Uint8Array): void;
  reject(error: Error): void;
}

class NsmClient implements Nsm {
  readonly #socket: Socket;
  readonly #onLost: () => void;
  #received: Uint8Array = new Uint8Array(0);
  #waiting: Waiting | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(socket: Socket, onLost: () => void) {
    this.#socket = socket;
    this.#onLost = onLost;
    socket.on("data", (bytes) => this.#receive(bytes));
    socket.on("error", () => this.#fail("nsm-lost"));
    socket.on("close", () => this.#fail("nsm-lost"));
  }

  async call<K extends NsmRequest["kind"]>(request: Extract<NsmRequest, { kind: K }>): Promise<Extract<NsmResponse, { kind: K }>> {
    const encoded = encodeNsmRequest(request);
    if (encoded.length > NSM_MAX_REQUEST) throw new DependencyError("nsm-request-too-large", `${encoded.length} bytes`, RETRY_MS);
    const turn = this.#last.then(() => this.#exchange(encoded));
    this.#last = turn.catch(() => undefined);
    const response = decodeNsmResponse(await turn);
    if (response.kind === "Error") throw new DependencyError(`nsm-${response.error}`, `NSM refused ${request.kind}`, RETRY_MS);
    if (response.kind !== request.kind)
      throw new DependencyError("nsm-InvalidResponse", `NSM answered ${request.kind} with another kind`, RETRY_MS);
    return response as Extract<NsmResponse, { kind: K }>;
  }

  #exchange(encoded: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new DependencyError("nsm-lost", "the nsm socket is closed", RETRY_MS));
        return;
      }
      const timer = setTimeout(() => this.#fail("nsm-timeout"), TIMEOUT_MS);
      this.#waiting = {
        resolve: (response) => (clearTimeout(timer), resolve(response)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      };
      const framed = new Uint8Array(LENGTH_BYTES + encoded.length);
      new DataView(framed.buffer).setUint32(0, encoded.length);
      framed.set(encoded, LENGTH_BYTES);
      this.#socket.write(framed);
    });
  }

  #receive(bytes: Uint8Array): void {
    const waiting = this.#waiting;
    if (waiting === null) return this.#fail("nsm-InvalidResponse"); // nothing was asked
    const joined = new Uint8Array(this.#received.length + bytes.length);
    joined.set(this.#received);
    joined.set(bytes, this.#received.length);
    this.#received = joined;
    if (joined.length < LENGTH_BYTES) return;
    const length = new DataView(joined.buffer).getUint32(0);
    if (length > NSM_MAX_RESPONSE || joined.length > LENGTH_BYTES + length) return this.#fail("nsm-InvalidResponse");
    if (joined.length < LENGTH_BYTES + length) return;
    this.#received = new Uint8Array(0);
    this.#waiting = null;
    waiting.resolve(joined.subarray(LENGTH_BYTES));
  }

  #fail(code: string): void {
    if (!this.#closed) this.#onLost();
    this.#closed = true;
    this.#socket.destroy();
    this.#waiting?.reject(new DependencyError(code, "the nsm socket failed", RETRY_MS));
    this.#waiting = null;
  }
}
