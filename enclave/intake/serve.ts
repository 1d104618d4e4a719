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
 * @param aside of a message whose answer may take long: those behind it do not wait
 */
export function serveHost(path: string, respond: Respond, aside: (message: Message) => boolean = () => false): Promise<Server> {
  const held: Held = { bytes: 0 };
  const server = createServer({ allowHalfOpen: false }, (socket) => void converse(socket, respond, aside, held));
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

/** Counts what one holder holds at the moment into what all hold. */
function holder(held: Held): (bytes: number) => void {
  let mine = 0;
  return (bytes) => {
    held.bytes += bytes - mine;
    mine = bytes;
  };
}

async function converse(socket: Socket, respond: Respond, aside: (message: Message) => boolean, held: Held): Promise<void> {
  socket.on("error", () => socket.destroy());
  const decoder = new FrameDecoder();
  const hold = holder(held);
  const write = writer(socket);
  let greeted = false;
  try {
    // for await pauses the socket while a message is being answered: that is the back-pressure
    for await (const bytes of socket as AsyncIterable<Uint8Array>) {
      const messages = decoder.push(bytes);
      let queued = messages.reduce((sum, { body }) => sum + body.length, 0);
      hold(queued + decoder.openBytes);
      if (held.bytes > MAX_HELD_BYTES) throw new LimitError("frame-limit", "too much half sent or not taken back");
      for (let message = messages.shift(); message !== undefined; message = messages.shift()) {
        if (!greeted) {
          if (message.kind !== MESSAGE.hello) return;
          decodeHello(message.body);
          greeted = true;
          const body = encodeHello({ version: PROTOCOL_VERSION, maxMessageBytes: MAX_MESSAGE_BYTES });
          await write({ kind: MESSAGE.hello, id: message.id, body });
        } else if (aside(message)) {
          const holdAside = holder(held);
          holdAside(message.body.length);
          answer(message, respond, write)
            .catch(() => socket.destroy())
            .finally(() => holdAside(0));
        } else {
          await answer(message, respond, write);
        }
        queued -= message.body.length;
        hold(queued + decoder.openBytes);
      }
    }
  } catch {
    // bytes outside the grammar, or a connection that broke: nothing to say to whoever sent them
  } finally {
    hold(0);
    socket.destroy();
  }
}

type Write = (message: Message) => Promise<void>;

/** Messages leave one after the other, whole. */
function writer(socket: Socket): Write {
  let last: Promise<void> = Promise.resolve();
  return (message) => (last = last.then(() => send(socket, message)));
}

async function answer(message: Message, respond: Respond, write: Write): Promise<void> {
  const reply = await respond(message);
  if ("error" in reply) {
    const body = encodeErrorReply({ code: ENCLAVE_ERROR[reply.error], correlation: randomBytes(8) });
    await write({ kind: MESSAGE.error, id: message.id, body });
  } else {
    await write({ kind: message.kind, id: message.id, body: reply.body });
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
