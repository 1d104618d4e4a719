import { once } from "node:events";
import type { Socket } from "node:net";
import {
  decodeErrorReply,
  decodeHello,
  DependencyError,
  enclaveErrorName,
  encodeFrames,
  encodeHello,
  FrameDecoder,
  MAX_MESSAGE_BYTES,
  MESSAGE,
  PROTOCOL_VERSION,
  toHex,
  WireError,
  type EnclaveErrorName,
  type Message,
} from "@caladrius/wire";

/** The enclave answered with an error: its name, and the number under which the enclave may know more. */
export class EnclaveRefusal extends Error {
  override readonly name = "EnclaveRefusal";
  readonly reason: EnclaveErrorName;
  readonly correlation: string;
  constructor(reason: EnclaveErrorName, correlation: string) {
    super(`the enclave answered ${reason}, correlation ${correlation}`);
    this.reason = reason;
    this.correlation = correlation;
  }
}

interface Pending {
  kind: number;
  resolve: (body: Uint8Array) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/**
 * One connection to an enclave: requests in any number, answers by id. The peer is not trusted to follow the protocol:
 * whatever it sends either answers a request or ends the session, and all that was asked fails with `enclave-unavailable`.
 */
export class EnclaveSession {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Map<number, Pending>();
  readonly #control: Iterator<Uint8Array>[] = [];
  readonly #jobs: Iterator<Uint8Array>[] = [];
  #writing = false;
  #nextId = 1;
  #maxMessageBytes = MAX_MESSAGE_BYTES;
  #ended: Error | null = null;
  /** resolves with the reason once the session is over */
  readonly closed: Promise<Error>;
  #resolveClosed: (reason: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    socket.on("data", (bytes) => this.#receive(bytes));
    socket.on("error", (error: NodeJS.ErrnoException) => this.close(`connection lost: ${error.code ?? "error"}`));
    socket.on("end", () => this.close(this.#decoder.idle ? "the enclave hung up" : "the enclave hung up inside a message"));
    socket.on("close", () => this.close("connection closed"));
    socket.resume(); // it was paused when it was handed over
  }

  /** Takes a connected socket and exchanges hellos. @throws DependencyError enclave-unavailable, enclave-timeout */
  static async open(socket: Socket, timeoutMs: number): Promise<EnclaveSession> {
    const session = new EnclaveSession(socket);
    const hello = encodeHello({ version: PROTOCOL_VERSION, maxMessageBytes: MAX_MESSAGE_BYTES });
    try {
      session.#maxMessageBytes = decodeHello(await session.request(MESSAGE.hello, hello, timeoutMs)).maxMessageBytes;
      return session;
    } catch (error) {
      session.close("no hello");
      throw error;
    }
  }

  /** The largest body that the enclave reads. */
  get maxMessageBytes(): number {
    return Math.min(this.#maxMessageBytes, MAX_MESSAGE_BYTES);
  }

  /**
   * Sends a message and waits for its answer. Jobs go one after the other, other messages between their frames.
   * @throws EnclaveRefusal; DependencyError enclave-unavailable, enclave-timeout: then the session is over
   */
  request(kind: number, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#ended);
      const id = this.#takeId();
      const timer = setTimeout(
        () => this.#end(new DependencyError("enclave-timeout", "the enclave did not answer in time", 5000)),
        timeoutMs,
      );
      this.#pending.set(id, { kind, resolve, reject, timer });
      (kind === MESSAGE.job ? this.#jobs : this.#control).push(encodeFrames({ kind, id, body }));
      if (!this.#writing) void this.#write();
    });
  }

  /** Ends the session; everything asked and not answered fails. */
  close(reason: string): void {
    this.#end(new DependencyError("enclave-unavailable", reason, 1000));
  }

  #end(reason: Error): void {
    if (this.#ended !== null) return;
    this.#ended = reason;
    this.#socket.destroy();
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#pending.clear();
    this.#control.length = 0;
    this.#jobs.length = 0;
    this.#resolveClosed(reason);
  }

  #receive(bytes: Uint8Array): void {
    try {
      for (const message of this.#decoder.push(bytes)) this.#answer(message);
    } catch (error) {
      const code = error instanceof WireError ? error.code : "frame-limit";
      this.close(`the enclave broke the protocol: ${code}`);
    }
  }

  #answer({ kind, id, body }: Message): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) throw new WireError("frame-order", "an answer that nothing asked for");
    if (kind !== pending.kind && kind !== MESSAGE.error) throw new WireError("frame-order", "an answer of another kind");
    const refusal = kind === MESSAGE.error ? decodeErrorReply(body) : null;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (refusal === null) pending.resolve(body);
    else pending.reject(new EnclaveRefusal(enclaveErrorName(refusal.code), toHex(refusal.correlation)));
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      for (let lane = this.#lane(); lane !== null; lane = this.#lane()) {
        const { value, done } = lane[0]?.next() ?? { value: undefined, done: true };
        if (done === true) lane.shift();
        else if (value !== undefined && !this.#socket.write(value)) await once(this.#socket, "drain");
      }
    } catch {
      this.close("connection lost while writing"); // `once` rejects with the socket's error
    } finally {
      this.#writing = false;
    }
  }

  #lane(): Iterator<Uint8Array>[] | null {
    if (this.#ended !== null) return null;
    if (this.#control.length > 0) return this.#control;
    return this.#jobs.length > 0 ? this.#jobs : null;
  }

  #takeId(): number {
    while (this.#pending.has(this.#nextId)) this.#nextId = (this.#nextId % MAX_ID) + 1;
    const id = this.#nextId;
    this.#nextId = (id % MAX_ID) + 1;
    return id;
  }
}

const MAX_ID = 0xffffffff;
