import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hash,
  randomBytes,
  sign,
  verify,
} from "node:crypto";

/** Sizes of one job, and how many different ones come in turn: a job's bytes are never in the cache already. */
export interface JobSizes {
  jobs: number;
  sealedBytes: number;
  plaintextBytes: number;
  recordingBytes: number;
  replyBytes: number;
}

const STATEMENT_BYTES = 1800;
const RESULT_BYTES = 1200;

/**
 * The bare primitives that one job cannot do without, at its sizes, with all keys ready: ML-KEM decapsulation, X25519
 * and AES-256-GCM to open; Ed25519 to verify the request; SHA-256 over the sealed job, the recording and the sealed
 * reply; Ed25519 over the result and over the status; encapsulation, an X25519 key and step, and AES-256-GCM to seal the reply.
 */
export function primitives(sizes: JobSizes): () => void {
  const mlkem = generateKeyPairSync("ml-kem-768");
  const mine = generateKeyPairSync("x25519");
  const theirs = generateKeyPairSync("x25519");
  const { ciphertext } = encapsulate(mlkem.publicKey);
  const key = createSecretKey(randomBytes(32));
  const iv = randomBytes(12);
  const inputs = Array.from({ length: sizes.jobs }, () => {
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    const body = Buffer.concat([cipher.update(randomBytes(sizes.plaintextBytes)), cipher.final()]);
    return { body, tag: cipher.getAuthTag(), sealed: randomBytes(sizes.sealedBytes) };
  });
  let turn = 0;
  const ed = generateKeyPairSync("ed25519");
  const statement = randomBytes(STATEMENT_BYTES);
  const signature = sign(null, statement, ed.privateKey);
  const result = randomBytes(RESULT_BYTES);
  const reply = new Uint8Array(sizes.replyBytes);
  return () => {
    const { body, tag, sealed } = inputs[turn++ % inputs.length] as (typeof inputs)[number];
    decapsulate(mlkem.privateKey, ciphertext);
    diffieHellman({ privateKey: mine.privateKey, publicKey: theirs.publicKey });
    const decipher = createDecipheriv("aes-256-gcm", key, iv);
    decipher.setAuthTag(tag);
    const recording = decipher.update(body).subarray(0, sizes.recordingBytes);
    decipher.final();
    verify(null, statement, ed.publicKey, signature);
    hash("sha256", sealed, "buffer");
    hash("sha256", recording, "buffer");
    sign(null, result, ed.privateKey);
    sign(null, result, ed.privateKey);
    encapsulate(mlkem.publicKey);
    const ephemeral = generateKeyPairSync("x25519");
    diffieHellman({ privateKey: ephemeral.privateKey, publicKey: theirs.publicKey });
    const seal = createCipheriv("aes-256-gcm", key, iv);
    const sealedReply = seal.update(reply);
    seal.final();
    hash("sha256", sealedReply, "buffer");
  };
}
