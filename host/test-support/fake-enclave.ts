import { createHash, randomBytes } from "node:crypto";
import { existsSync, unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import {
  decodeAttestRequest,
  decodeBootMessage,
  decodeCredentials,
  decodeFleetBirth,
  decodeFleetEpoch,
  decodeFleetRecord,
  decodeApproved,
  decodeHello,
  decodeSealedJobHeader,
  decodeStatement,
  decodeStatusList,
  ENCLAVE_ERROR,
  encodeAttestReply,
  encodeBootReply,
  encodeErrorReply,
  encodeFleetBirthReply,
  encodeFleetServeReply,
  encodeFrames,
  encodeHello,
  encodeIdentity,
  encodeJobReply,
  encodeKeySet,
  encodeOuterStatus,
  encodeStatement,
  encodeStatusListReply,
  FrameDecoder,
  KMS_SUITE,
  MAX_MESSAGE_BYTES,
  MESSAGE,
  toHex,
  type Credentials,
  type EnclaveErrorName,
  type Message,
  type StatusList,
} from "@caladrius/wire";

/** What the fake does with a job. Held ones are answered by `letGo`. */
export type JobBehaviour =
  | "answer"
  | "cannot-open"
  | "hold"
  | "die"
  | EnclaveErrorName
  | ((connection: FakeConnection, message: Message) => void);

/** One host's connection to the fake. */
export interface FakeConnection {
  socket: Socket;
  send: (message: Message) => void;
}

/**
 * Speaks the frames of a real enclave and computes nothing: the peer of a host under test, honest or not. Each boot has its
 * own key id; jobs sealed to another are refused as an enclave does.
 */
export class FakeEnclave {
  readonly path: string;
  readonly plain: boolean;
  behaviour: JobBehaviour = "answer";
  recipients = 1;
  replyBytes = 600;
  /** how often each job arrived, by id */
  readonly arrivals: Map<string, number> = new Map();
  /** how often each was answered */
  readonly answers: Map<string, number> = new Map();
  readonly boots: Uint8Array[] = [];
  /** every list that was taken after boot */
  readonly statusLists: Uint8Array[] = [];
  /** number of the list in force, 0 before boot; as in an enclave an older one is refused */
  statusNumber = 0;
  /** a list of this number counts as forged */
  forged = -1;
  readonly credentials: Credentials[] = [];
  /** how often epochs were handed over */
  handed = 0;
  /** what KMS does for it, as an enclave would tell */
  kms: "answers" | EnclaveErrorName = "answers";
  /** what is said to an epoch before KMS is asked */
  record: "good" | EnclaveErrorName = "good";
  /** key ids (hex) of the epochs that it serves; they go with it */
  readonly serves: Map<string, number> = new Map();
  keyId: Uint8Array = new Uint8Array(32);
  #keySet: Uint8Array = new Uint8Array(0);
  #bootId: Uint8Array = new Uint8Array(16);
  bootNonce: Uint8Array = new Uint8Array(32);
  #booted = false;
  #server: Server | null = null;
  readonly #sockets = new Set<Socket>();
  readonly #held: (() => void)[] = [];

  constructor(path: string, plain = false) {
    this.path = path;
    this.plain = plain;
    this.#freshKeys();
  }

  async listen(): Promise<this> {
    if (existsSync(this.path)) unlinkSync(this.path);
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve) => void server.listen(this.path, resolve));
    return this;
  }

  /** The enclave dies: its keys with it. */
  async kill(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#held.length = 0;
    this.#freshKeys();
    const server = this.#server;
    if (server !== null) await new Promise<void>((resolve) => void server.close(() => resolve()));
  }

  /** Answers everything held. */
  letGo(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  get held(): number {
    return this.#held.length;
  }

  /** Cuts connections and stays alive. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #freshKeys(): void {
    this.#booted = false;
    this.serves.clear();
    this.#bootId = randomBytes(16);
    this.bootNonce = randomBytes(32);
    this.#keySet = encodeKeySet({ keys: [{ suite: "X25519", publicKey: randomBytes(32) }], fleet: null });
    this.keyId = createHash("sha256").update(this.#keySet).digest();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
    const decoder = new FrameDecoder();
    const connection: FakeConnection = {
      socket,
      send: (message) => {
        for (const frame of encodeFrames(message)) socket.write(frame);
      },
    };
    let greeted = this.plain;
    socket.on("data", (bytes) => {
      let rest: Uint8Array = bytes;
      if (!greeted) {
        if (!bytes.toString("latin1").startsWith("CONNECT 5000\n")) return void socket.destroy();
        greeted = true;
        socket.write("OK 1073741824\n");
        rest = bytes.subarray("CONNECT 5000\n".length);
      }
      for (const message of decoder.push(rest)) this.#take(connection, message);
    });
  }

  #take(connection: FakeConnection, { kind, id, body }: Message): void {
    const reply = (answer: Uint8Array): void => connection.send({ kind, id, body: answer });
    const refuse = (name: EnclaveErrorName): void =>
      connection.send({ kind: MESSAGE.error, id, body: encodeErrorReply({ code: ENCLAVE_ERROR[name], correlation: randomBytes(8) }) });
    if (kind === MESSAGE.hello) {
      decodeHello(body);
      return reply(encodeHello({ version: 1, maxMessageBytes: MAX_MESSAGE_BYTES }));
    }
    if (kind === MESSAGE.boot) {
      if (this.#booted) return refuse("already-booted");
      const list = statusListIn(decodeBootMessage(body).statusList);
      if (list.number === this.forged) return refuse("boot-refused");
      this.boots.push(body);
      this.#booted = true;
      this.statusNumber = list.number;
      return reply(encodeBootReply({ state: "booted", bootNonce: this.bootNonce }));
    }
    if (!this.#booted) return refuse("not-booted");
    if (kind === MESSAGE.statusList) {
      const { number, bootNonce } = statusListIn(body);
      if (number < this.statusNumber || number === this.forged) return refuse("status-list-refused");
      this.statusLists.push(body);
      this.statusNumber = number;
      const fresh = bootNonce !== null && Buffer.from(bootNonce).equals(this.bootNonce);
      return reply(encodeStatusListReply({ number, fresh, bootNonce: this.bootNonce }));
    }
    if (kind === MESSAGE.credentials) {
      if (this.record === "no-kms") return refuse("no-kms");
      this.credentials.push(decodeCredentials(body));
      return reply(new Uint8Array(0));
    }
    if (kind === MESSAGE.fleetBirth) {
      decodeFleetBirth(body);
      if (this.kms !== "answers") return refuse(this.kms);
      return reply(encodeFleetBirthReply({ candidate: Buffer.from("candidate"), evidence: Buffer.from("evidence") }));
    }
    if (kind === MESSAGE.fleetServe) {
      this.handed += 1;
      const { keySetDigest, notAfter } = decodeFleetRecord(decodeStatement(decodeFleetEpoch(body).record, "fleet-record").payload);
      if (this.record !== "good") return refuse(this.record);
      if (this.kms !== "answers") return refuse(this.kms);
      this.serves.set(toHex(keySetDigest), notAfter);
      return reply(encodeFleetServeReply({ keyId: keySetDigest, notAfter }));
    }
    if (kind === MESSAGE.attest) {
      const { nonce, keys } = decodeAttestRequest(body);
      if (keys === "fleet" && this.serves.size === 0) return refuse("no-fleet");
      return reply(this.#attestation(nonce, keys === "fleet" ? "ward" : null));
    }
    if (kind === MESSAGE.job) return this.#job(connection, { kind, id, body }, reply, refuse);
    refuse("unknown-message");
  }

  #job(connection: FakeConnection, message: Message, reply: (body: Uint8Array) => void, refuse: (name: EnclaveErrorName) => void): void {
    const { jobId, keyId, suite } = decodeSealedJobHeader(message.body);
    const name = toHex(jobId);
    this.arrivals.set(name, (this.arrivals.get(name) ?? 0) + 1);
    if (suite === KMS_SUITE && this.kms !== "answers") return refuse(this.kms);
    if (suite !== KMS_SUITE && !Buffer.from(keyId).equals(this.keyId) && !this.serves.has(toHex(keyId))) return refuse("unknown-key");
    const answer = (opened: boolean): void => {
      this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
      reply(this.answerTo(message.body, opened));
    };
    const { behaviour } = this;
    if (typeof behaviour === "function") return behaviour(connection, message);
    switch (behaviour) {
      case "answer":
        return answer(true);
      case "cannot-open":
        return answer(false);
      case "hold":
        return void this.#held.push(() => answer(true));
      case "die":
        return void this.kill();
      default:
        return refuse(behaviour);
    }
  }

  /** The body of a right answer to a sealed job. */
  answerTo(sealed: Uint8Array, opened = true): Uint8Array {
    const replies = opened ? Array.from({ length: this.recipients }, () => randomBytes(this.replyBytes)) : [];
    const payload = encodeOuterStatus({
      jobDigest: createHash("sha256").update(sealed).digest(),
      replyDigests: replies.map((bytes) => createHash("sha256").update(bytes).digest()),
      state: opened ? "answered" : "cannot-open",
      iat: 1_800_000_000,
    });
    return encodeJobReply({ status: encodeStatement("status", "Ed25519", payload, () => new Uint8Array(64)), replies, notices: [] });
  }

  #attestation(nonce: Uint8Array | null, fleet: string | null): Uint8Array {
    const identity = encodeIdentity({
      version: 1,
      software: { name: "fake", version: "0", commit: null },
      keySet: fleet === null ? this.#keySet : encodeKeySet({ keys: [{ suite: "X25519", publicKey: new Uint8Array(32).fill(7) }], fleet }),
      resultKey: new Uint8Array(32),
      constitutionDigest: new Uint8Array(48),
      policyDigest: new Uint8Array(48),
      bootId: this.#bootId,
      sequence: 0,
    });
    return encodeAttestReply({
      evidence: Buffer.concat([Buffer.from("not evidence "), nonce ?? new Uint8Array(0)]),
      identity,
      sequence: 0,
    });
  }
}

function statusListIn(file: Uint8Array): StatusList {
  return decodeStatusList(decodeStatement(decodeApproved(file).statement, "status-list").payload);
}
