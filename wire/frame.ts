import { decodeCbor, encodeCbor, type CborValue } from "./cbor/index.ts";
import { LimitError, WireError } from "./errors.ts";
import { MAX_SEALED_JOB_BYTES } from "./sizes.ts";

/** Kinds of messages on the `serve` socket; a reply carries the kind and the id of its request, or is an error. */
export const MESSAGE = {
  hello: 0,
  boot: 1,
  credentials: 2,
  attest: 3,
  job: 4,
  statusList: 5,
  fleetBirth: 6,
  fleetServe: 7,
  error: 255,
} as const;

/** One message, whole. */
export interface Message {
  kind: number;
  /** chosen by whoever asks, 0 to 2^32-1 */
  id: number;
  body: Uint8Array;
}

/** Largest frame with its CBOR, without the length in front: what every vsock implementation carries well. */
export const MAX_FRAME_BYTES: number = 32 * 1024 - 4;

/** Largest message: a sealed job and its envelope. */
export const MAX_MESSAGE_BYTES: number = MAX_SEALED_JOB_BYTES + 256 * 1024;

const LENGTH_BYTES = 4;
const FRAME_OVERHEAD_BYTES = 32; // heads of [kind, id, [index, total, bytes]]
const CHUNK_BYTES = MAX_FRAME_BYTES - FRAME_OVERHEAD_BYTES;

/**
 * Cuts a message into frames: u32 length, then CBOR [kind, id, body]. A body up to one chunk is a byte string, a
 * larger one travels as numbered chunks [index, total bytes, bytes]. Frames are made one at a time, so a writer that
 * waits for the socket holds one frame.
 */
export function* encodeFrames(message: Message): Generator<Uint8Array, void, void> {
  const { kind, id, body } = message;
  if (body.length <= CHUNK_BYTES) {
    yield frame([kind, id, body]);
    return;
  }
  for (let at = 0, index = 0; at < body.length; at += CHUNK_BYTES, index++) {
    yield frame([kind, id, [index, body.length, body.subarray(at, at + CHUNK_BYTES)]]);
  }
}

function frame(value: CborValue): Uint8Array {
  const content = encodeCbor(value);
  const bytes = new Uint8Array(LENGTH_BYTES + content.length);
  new DataView(bytes.buffer).setUint32(0, content.length);
  bytes.set(content, LENGTH_BYTES);
  return bytes;
}

/** Bounds on what a peer can make a reader hold. */
export interface FrameLimits {
  maxMessageBytes: number;
  /** messages of which some chunks have come */
  maxOpenMessages: number;
  /** declared sizes of those, together */
  maxOpenBytes: number;
}

const DEFAULT_LIMITS: FrameLimits = { maxMessageBytes: MAX_MESSAGE_BYTES, maxOpenMessages: 64, maxOpenBytes: 2 * MAX_MESSAGE_BYTES };

interface OpenMessage {
  kind: number;
  body: Uint8Array;
  filled: number;
  nextIndex: number;
}

/**
 * Joins frames into messages, whatever pieces the bytes come in. After an error the connection is to be dropped: the
 * decoder keeps refusing.
 */
export class FrameDecoder {
  readonly #limits: FrameLimits;
  readonly #partial = new Uint8Array(LENGTH_BYTES + MAX_FRAME_BYTES);
  #partialLength = 0;
  readonly #open = new Map<number, OpenMessage>();
  #openBytes = 0;
  #failed = false;

  constructor(limits: Partial<FrameLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** @throws WireError frame-*, cbor-*; LimitError frame-limit */
  push(bytes: Uint8Array): Message[] {
    if (this.#failed) throw new WireError("frame-shape", "the connection has failed before");
    const messages: Message[] = [];
    try {
      let at = 0;
      while (at < bytes.length) at += this.#take(bytes.subarray(at), messages);
    } catch (error) {
      this.#failed = true;
      throw error;
    }
    return messages;
  }

  /** Whether the stream may end here: no frame and no message is half read. */
  get idle(): boolean {
    return this.#partialLength === 0 && this.#open.size === 0;
  }

  /** Declared sizes of the messages that are half read, together. */
  get openBytes(): number {
    return this.#openBytes;
  }

  /** Takes what it can of the bytes and returns how many. */
  #take(bytes: Uint8Array, messages: Message[]): number {
    if (this.#partialLength === 0) {
      const needed = frameBytes(bytes);
      if (needed !== null && needed <= bytes.length) {
        this.#read(bytes.subarray(LENGTH_BYTES, needed), messages);
        return needed;
      }
    }
    const known = frameBytes(this.#partial.subarray(0, this.#partialLength));
    const wanted = (known ?? LENGTH_BYTES) - this.#partialLength;
    const taken = Math.min(wanted, bytes.length);
    this.#partial.set(bytes.subarray(0, taken), this.#partialLength);
    this.#partialLength += taken;
    const needed = frameBytes(this.#partial.subarray(0, this.#partialLength));
    if (needed !== null && this.#partialLength === needed) {
      this.#partialLength = 0;
      this.#read(this.#partial.subarray(LENGTH_BYTES, needed), messages);
    }
    return taken;
  }

  #read(content: Uint8Array, messages: Message[]): void {
    const value = decodeCbor(content, { maxBytes: MAX_FRAME_BYTES, maxDepth: 2, maxItems: 8 });
    if (!Array.isArray(value) || value.length !== 3) throw new WireError("frame-shape", "not an array of three");
    const [kind, id, body] = value as readonly CborValue[];
    const message = { kind: integer(kind, 255, "kind"), id: integer(id, 0xffffffff, "id") };
    if (body instanceof Uint8Array) {
      if (this.#open.has(message.id)) throw new WireError("frame-order", "a whole message amid the chunks of another of the same id");
      if (body.length > this.#limits.maxMessageBytes) throw new LimitError("frame-limit", "message too large");
      messages.push({ ...message, body: body.slice() });
      return;
    }
    if (!Array.isArray(body) || body.length !== 3) throw new WireError("frame-shape", "body is neither bytes nor a chunk");
    const [index, total, bytes] = body as readonly CborValue[];
    if (!(bytes instanceof Uint8Array) || bytes.length === 0) throw new WireError("frame-shape", "a chunk without bytes");
    this.#chunk(message, integer(index, 0xffffffff, "index"), integer(total, Number.MAX_SAFE_INTEGER, "total"), bytes, messages);
  }

  #chunk(message: { kind: number; id: number }, index: number, total: number, bytes: Uint8Array, messages: Message[]): void {
    const open = index === 0 ? this.#begin(message, total) : this.#open.get(message.id);
    if (open === undefined || open.kind !== message.kind || open.nextIndex !== index || open.body.length !== total) {
      throw new WireError("frame-order", `chunk ${index} is not the next of its message`);
    }
    if (open.filled + bytes.length > total) throw new WireError("frame-order", "more bytes than the message declares");
    open.body.set(bytes, open.filled);
    open.filled += bytes.length;
    open.nextIndex++;
    if (open.filled < total) return;
    this.#open.delete(message.id);
    this.#openBytes -= total;
    messages.push({ ...message, body: open.body });
  }

  #begin(message: { kind: number; id: number }, total: number): OpenMessage {
    if (this.#open.has(message.id)) throw new WireError("frame-order", "a second message of the same id begins");
    const { maxMessageBytes, maxOpenMessages, maxOpenBytes } = this.#limits;
    if (total > maxMessageBytes) throw new LimitError("frame-limit", `message of ${total} bytes, at most ${maxMessageBytes}`);
    if (this.#open.size >= maxOpenMessages || this.#openBytes + total > maxOpenBytes)
      throw new LimitError("frame-limit", "too many messages half sent");
    const open: OpenMessage = { kind: message.kind, body: new Uint8Array(total), filled: 0, nextIndex: 0 };
    this.#open.set(message.id, open);
    this.#openBytes += total;
    return open;
  }
}

/** Bytes of the frame that begins here with its length, or null when the length is not there yet. */
function frameBytes(bytes: Uint8Array): number | null {
  if (bytes.length < LENGTH_BYTES) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getUint32(0);
  if (length === 0 || length > MAX_FRAME_BYTES) throw new LimitError("frame-limit", `frame of ${length} bytes, at most ${MAX_FRAME_BYTES}`);
  return LENGTH_BYTES + length;
}

function integer(value: CborValue | undefined, most: number, name: string): number {
  if (typeof value !== "number" || value < 0 || value > most)
    throw new WireError("frame-shape", `${name}: expected an integer of 0 to ${most}`);
  return value;
}
