import { decodeFleetBirthReply, DependencyError, encodeFleetBirth, MESSAGE, type FleetBirthReply } from "@caladrius/wire";
import { ENCLAVE_REFUSAL } from "../enclave-errors.ts";
import { EnclaveRefusal, EnclaveSession } from "../relay/session.ts";
import { connectEnclave } from "../relay/vsock.ts";

/**
 * Asks an enclave for keys of an epoch, over a connection of its own beside the host that serves it: that host boots it and
 * gives it credentials. Nothing in the answer is verified.
 * @throws DependencyError with the enclave's own code, such as kms-denied, and who acts; enclave-unavailable, enclave-timeout
 */
export async function requestFleetBirth(options: {
  enclaveSocket: string;
  /** true when the socket is `serve` itself, without the vsock handshake */
  plain?: boolean;
  fleet: string;
  epoch: number;
}): Promise<FleetBirthReply> {
  const { enclaveSocket, plain = false, fleet, epoch } = options;
  const socket = await connectEnclave({ path: enclaveSocket, plain, port: SERVE_PORT }, CONNECT_MS);
  const session = await EnclaveSession.open(socket, CONNECT_MS);
  try {
    return decodeFleetBirthReply(await session.request(MESSAGE.fleetBirth, encodeFleetBirth({ fleet, epoch }), BIRTH_MS));
  } catch (error) {
    if (!(error instanceof EnclaveRefusal)) throw error;
    throw new DependencyError(error.reason, ENCLAVE_REFUSAL[error.reason], RETRY_MS);
  } finally {
    session.close("done");
  }
}

const SERVE_PORT = 5000;
const CONNECT_MS = 5_000;
const BIRTH_MS = 120_000;
const RETRY_MS = 5_000;
