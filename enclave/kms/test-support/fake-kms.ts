import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { createKms, type KmsClient, type KmsOptions } from "../client.ts";
import { KMS_ERROR, KmsError, type KmsErrorCode } from "../port.ts";
import { issueUnder, makeAuthority, type Issued } from "./authority.ts";
import { BLOB, CREDENTIALS, HOST } from "./constants.ts";
import { KeyNsm, makeClock, QUICK } from "./surroundings.ts";
import { writeCms } from "./write-cms.ts";

/** A request as the server saw it. */
export interface Asked {
  target: string;
  headers: IncomingHttpHeaders;
  body: KmsBody;
  raw: Uint8Array;
  /** counts connections from 0 */
  connection: number;
}

/** The members of Decrypt and GenerateDataKey. */
export interface KmsBody {
  KeyId?: string;
  CiphertextBlob?: string;
  EncryptionContext?: Record<string, string>;
  EncryptionAlgorithm?: string;
  KeySpec?: string;
  Recipient?: { KeyEncryptionAlgorithm: string; AttestationDocument: string };
}

/** What the server does with a request; `honest` is the answer that KMS would give. */
export type Behave = (response: ServerResponse, asked: Asked, honest: Record<string, unknown>) => void;

/** A server behind a Unix socket, as the host's forwarder would show it. */
export interface FakeKms {
  /** the time by which certificates and credentials are made */
  nowMs: number;
  socketPath: string;
  authority: Issued;
  /** what its data keys are */
  dataKey: Uint8Array;
  asked: Asked[];
  connections: Socket[];
  behave: Behave;
  close(): Promise<void>;
}

/** Answers as KMS does. */
export const honestly: Behave = (response, _asked, honest) => json(response, 200, honest);

/** An answer, or with a status above 399 an error, in KMS's form. */
export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
}

/** How a test's server differs from an honest one. */
export interface FakeOptions {
  /** in the place of a certificate for HOST under `authority` */
  identity?: (authority: Issued) => Issued;
  tls?: TlsOptions;
  /** speaks HTTP without TLS */
  plaintext?: boolean;
}

/** Starts one in a folder of its own. */
export async function startFakeKms(nowMs: number, { identity, tls, plaintext = false }: FakeOptions = {}): Promise<FakeKms> {
  const folder = await mkdtemp(join(tmpdir(), "kms-"));
  const authority = makeAuthority({ commonName: "test authority", nowMs });
  const { chainPem, keyPem } = identity?.(authority) ?? issueUnder(authority, { commonName: HOST, dnsNames: [HOST], nowMs });
  const fake: Omit<FakeKms, "close"> = {
    nowMs,
    socketPath: join(folder, "kms"),
    authority,
    dataKey: randomBytes(32),
    asked: [],
    connections: [],
    behave: honestly,
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const raw = Buffer.concat(chunks);
    const body = JSON.parse(raw.toString("utf8")) as KmsBody;
    const connection = fake.connections.length - 1;
    const asked = { target: String(request.headers["x-amz-target"]), headers: request.headers, body, raw, connection };
    fake.asked.push(asked);
    fake.behave(response, asked, honestAnswer(asked, fake.dataKey));
  };
  const http = createServer((request, response) => void answer(request, response));
  const seen = (socket: Socket): void => {
    fake.connections.push(socket);
    socket.on("error", () => socket.destroy());
  };
  const server: TcpServer = plaintext
    ? createTcpServer((socket) => http.emit("connection", socket))
    : createTlsServer({ key: keyPem, cert: chainPem, ALPNProtocols: ["http/1.1"], ...tls }, (socket) => http.emit("connection", socket));
  server.on("connection", seen);
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(fake.socketPath, resolve));
  return Object.assign(fake, {
    async close() {
      for (const socket of fake.connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  });
}

function honestAnswer({ target, body }: Asked, dataKey: Uint8Array): Record<string, unknown> {
  const spki = Buffer.from(body.Recipient?.AttestationDocument ?? "", "base64");
  const sealed = Buffer.from(writeCms(spki, dataKey)).toString("base64");
  const common = { KeyId: body.KeyId, CiphertextForRecipient: sealed };
  return target.endsWith(".Decrypt")
    ? { ...common, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" }
    : { ...common, CiphertextBlob: Buffer.from(BLOB).toString("base64") };
}

/** What a client of a fake is made from. */
export function optionsOf(fake: FakeKms): KmsOptions {
  return {
    socketPath: fake.socketPath,
    endpoint: HOST,
    tlsRoots: [fake.authority.certificate],
    nsm: new KeyNsm(),
    clock: makeClock(fake.nowMs).clock,
    bootId: new Uint8Array(16).fill(7),
    randomBytes,
    limits: QUICK,
  };
}

/** A client of a fake, with credentials for ten minutes. */
export function clientOf(fake: FakeKms, change: Partial<KmsOptions> = {}): KmsClient {
  const kms = createKms({ ...optionsOf(fake), ...change });
  kms.setCredentials({ ...CREDENTIALS, expiresMs: fake.nowMs + 600_000 });
  return kms;
}

/** The code of a call's failure, of which nothing else can be learned. */
export async function codeOf(call: Promise<unknown>): Promise<KmsErrorCode | "answered"> {
  try {
    await call;
    return "answered";
  } catch (error) {
    if (!(error instanceof KmsError) || error.message !== KMS_ERROR[error.code] || error.cause !== undefined) throw error;
    return error.code;
  }
}
