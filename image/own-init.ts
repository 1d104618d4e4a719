import { ConfigurationError } from "@caladrius/wire";
import { SOCKET_FOLDER } from "./application/command.ts";

/**
 * Refuse to start our program with an init that does not know its sockets, such as the one of AWS: nothing would relay
 * its requests, and it would wait for ever. This keeps from mistakes, not from malice: PCR1 says which init it is.
 * @throws ConfigurationError `init-not-ours`
 */
export function requireOwnInit(init: Uint8Array): void {
  if (Buffer.from(init.buffer, init.byteOffset, init.byteLength).includes(SOCKETS)) return;
  throw new ConfigurationError(
    "init-not-ours",
    `the init that was given does not serve ${SOCKETS}: it relays nothing, and the program could reach neither the NSM nor its host. ` +
      "An init such as AWS's is for images from elsewhere (--from); without --init ours is compiled",
  );
}

// As init.c names the folder before it changes the root.
const SOCKETS = `/rootfs${SOCKET_FOLDER}`;
