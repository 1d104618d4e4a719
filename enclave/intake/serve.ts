import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import {
  decodeHello,
  encodeErrorReply,
  encodeFrames,
  encodeHello,
  ENCLAVE_ERROR,
  FrameDecoder,
  LimitError,
  MAX_MESSAGE_BYTES,
  MESSAGE,
  PROTOCOL_VERSION,
  type EnclaveErrorName,
  type Message,
} from "@caladrius/wire";

/** What to answer: a body of the same kind, or an error of the table. */
export type Reply = { body: Uint8Array } | { error: EnclaveErrorName };

/** Answers one message; it must not throw for anything that a host can send. */
export type Respond = (message: Message) => Promise<Reply>;

const MAX_CONNECTIONS = 8;

/** What messages may take over all connections, half read or not yet answered. A host needs two: one behind the other. */
const MAX_HELD_BYTES = 3 * MAX_MESSAGE_BYTES;

/**
 * Serves the host on the `serve` socket: hello first, then messages in order, each answered with its kind and id.
 * The only function that writes to the outside is `send`.
 */
export function serveHost(path: string, respond: Respond): Promise<Server> {
  const held: Held = { bytes: 0 };
  const server = createServer({ allowHalfOpen: false }, (socket) => void converse(socket, respond, held));
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve(server));
  });
}

/** Shared by all connections of a server. */
interface Held {
  bytes: number;
}

async function converse(socket: Socket, respond: Respond, held: Held): Promise<void> {
  socket.on("error", () => socket.destroy());
  const decoder = new FrameDecoder();
  let greeted = false;
  let mine = 0;
  const hold = (bytes: number): void => {
    held.bytes += bytes - mine;
    mine = bytes;
  };
  try {
    // for await pauses the socket while a message is being answered: that is the back-pressure
    for await (const bytes of socket as AsyncIterable<Uint8Array>) {
      const messages = decoder.push(bytes);
      hold(messages.reduce((sum, { body }) => sum + body.length, decoder.openBytes));
      if (held.bytes > MAX_HELD_BYTES) throw new LimitError("frame-limit", "too much half sent or not taken back");
      for (const message of messages) {
        if (!greeted) {
          if (message.kind !== MESSAGE.hello) return;
          decodeHello(message.body);
          greeted = true;
          await send(socket, {
            kind: MESSAGE.hello,
            id: message.id,
            body: encodeHello({ version: PROTOCOL_VERSION, maxMessageBytes: MAX_MESSAGE_BYTES }),
          });
          continue;
        }
        await answer(socket, message, respond);
      }
      hold(decoder.openBytes);
    }
  } catch {
    // bytes outside the grammar, or a connection that broke: nothing to say to whoever sent them
  } finally {
    hold(0);
    socket.destroy();
  }
}

async function answer(socket: Socket, message: Message, respond: Respond): Promise<void> {
  const reply = await respond(message);
  if ("error" in reply) {
    const body = encodeErrorReply({ code: ENCLAVE_ERROR[reply.error], correlation: randomBytes(8) });
    await send(socket, { kind: MESSAGE.error, id: message.id, body });
  } else {
    await send(socket, { kind: message.kind, id: message.id, body: reply.body });
  }
}

/** Everything that leaves the enclave on this socket leaves here, one frame at a time as the reader takes them. */
async function send(socket: Socket, message: Message): Promise<void> {
  for (const frame of encodeFrames(message)) {
    if (socket.destroyed) return;
    if (!socket.write(frame)) await drained(socket);
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.once("drain", done);
    socket.once("close", done);
  });
}
