import { connect, type Socket } from "node:net";
import { DependencyError } from "@caladrius/wire";

/** Where the enclave's `serve` socket is. */
export interface EnclaveAddress {
  /** a Unix socket: a hybrid vsock as Firecracker's, or with `plain` the bare stream */
  path: string;
  plain: boolean;
  /** vsock port, 5000 for `serve`; not used with `plain` */
  port: number;
}

/**
 * Connects to an enclave. A hybrid vsock socket takes "CONNECT <port>\n" and answers "OK <host port>\n" when something
 * listens on that port, else it hangs up.
 * @throws DependencyError enclave-unavailable
 */
export function connectEnclave(address: EnclaveAddress, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(address.path);
    const timer = setTimeout(() => fail("did not answer in time"), timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      socket.removeListener("error", onError).removeListener("close", onClose).removeListener("data", onData);
    };
    const fail = (reason: string): void => {
      settle();
      socket.on("error", () => {}); // nobody listens any more
      socket.destroy();
      reject(new DependencyError("enclave-unavailable", `the enclave's socket ${reason}`, 1000));
    };
    const onError = (error: NodeJS.ErrnoException): void => fail(`gave ${error.code ?? "an error"}`);
    const onClose = (): void => fail("hung up before it was connected");
    const done = (rest: Uint8Array): void => {
      settle();
      socket.pause();
      if (rest.length > 0) socket.unshift(rest);
      resolve(socket);
    };
    let answer = Buffer.alloc(0);
    const onData = (bytes: Buffer): void => {
      answer = Buffer.concat([answer, bytes]);
      const end = answer.indexOf("\n");
      if (end >= 0 && OK.test(answer.toString("latin1", 0, end))) done(answer.subarray(end + 1));
      else if (end >= 0 || answer.length > MAX_ANSWER_BYTES) fail("did not answer OK");
    };
    socket.on("error", onError).on("close", onClose);
    if (address.plain) {
      socket.once("connect", () => done(new Uint8Array(0)));
      return;
    }
    socket.on("data", onData);
    socket.write(`CONNECT ${address.port}\n`);
  });
}

const OK = /^OK [0-9]{1,10}$/;
const MAX_ANSWER_BYTES = 32;
