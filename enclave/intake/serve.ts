import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import {
  decodeHello,
  encodeErrorReply,
  encodeFrames,
  encodeHello,
  ENCLAVE_ERROR,
  FrameDecoder,
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

/**
 * Serves the host on the `serve` socket: hello first, then messages in order, each answered with its kind and id.
 * The only function that writes to the outside is `send`.
 */
export function serveHost(path: string, respond: Respond): Promise<Server> {
  const server = createServer({ allowHalfOpen: false }, (socket) => void converse(socket, respond));
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve(server));
  });
}

async function converse(socket: Socket, respond: Respond): Promise<void> {
  socket.on("error", () => socket.destroy());
  const decoder = new FrameDecoder();
  let greeted = false;
  try {
    // for await pauses the socket while a message is being answered: that is the back-pressure
    for await (const bytes of socket as AsyncIterable<Uint8Array>) {
      for (const message of decoder.push(bytes)) {
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
    }
  } catch {
    // bytes outside the grammar, or a connection that broke: nothing to say to whoever sent them
  } finally {
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
