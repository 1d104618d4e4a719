import { constants, createDecipheriv, publicEncrypt, randomBytes, type KeyObject } from "node:crypto";
import { concatBytes } from "@caladrius/wire";
import { recipientKeyId } from "../kms/recipient/encrypt-for-recipient.ts";
import {
  cbcAlgorithm,
  constructedContent,
  envelopedData,
  keyTransRecipient,
  oaepAlgorithm,
  OID,
  oneRecipient,
  VERSION_2,
} from "../kms/recipient/enveloped-data.ts";
import { der, objectIdentifier, octetString, sequence, setOfOne, unsignedInteger } from "../pki/der.ts";
import { forgeBombs, forgeContent, forgeFrames, reshape } from "./forged-ber.ts";
import { cbc, honestCms, NULL, pkcs7, wrap, type Forgeries, type HonestCms } from "./honest-cms.ts";

/** A `CiphertextForRecipient` that KMS did not write. */
export interface ForgedCms {
  readonly name: string;
  readonly bytes: Uint8Array;
  /**
   * "refuse": KMS never writes it, and who reads KMS's answers takes nothing from it. "same": it is the honest message in
   * another shape of BER, and a reader may refuse it or find exactly the plaintext.
   */
  readonly verdict: "refuse" | "same";
}

/**
 * Every forgery that a parent can write which knows the recipient's public key, around one plaintext. The largest has
 * some 300 KB (`CiphertextForRecipient` is limited to 6144 bytes by the API). What the parent can also do is to call `encryptForRecipient`: no reader can tell that.
 *
 * @param publicKey RSA of 2048 bits or more
 * @param plaintext what the honest message would hold; not empty
 */
export function forgeCms(publicKey: KeyObject, plaintext: Uint8Array): readonly ForgedCms[] {
  const honest = honestCms(publicKey, plaintext);
  const [refuse, same] = [collect("refuse"), collect("same")];
  return [
    ...refuse(forgeRecipients(publicKey, honest)),
    ...refuse(forgeAlgorithms(publicKey, honest)),
    ...refuse(forgeKeys(publicKey, honest)),
    ...refuse(forgePadding(honest)),
    ...refuse(forgeContent(honest)),
    ...refuse(forgeFrames(honest)),
    ...refuse(forgeBombs(honest)),
    ...same(reshape(honest)),
  ];
}

/**
 * An honest message with one bit of the plaintext's first block flipped, through the IV (CBC has no integrity): it opens
 * without any error, to another plaintext. It takes no key.
 * @param bit 0 to 127
 */
export function flipPlaintextBit(message: Uint8Array, bit: number): Uint8Array {
  const at = Buffer.from(message).indexOf(objectIdentifier(OID.aes256Cbc));
  const flipped = new Uint8Array(message);
  const iv = at + 13; // the identifier, and the two bytes before an octet string of 16
  if (at < 0 || iv + 16 > flipped.length) throw new Error("no message of KMS");
  flipped[iv + (bit >> 3)] = (flipped[iv + (bit >> 3)] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** Who the message is for: other, none, several, of another kind. */
function forgeRecipients(publicKey: KeyObject, { parts, recipient }: HonestCms): Forgeries {
  const one = keyTransRecipient(recipient);
  const other = keyTransRecipient({ ...recipient, keyId: new Uint8Array(32) });
  const to = (recipients: Uint8Array): Uint8Array => envelopedData({ ...parts, recipients });
  const named = (keyId: Uint8Array): Uint8Array => to(oneRecipient({ ...recipient, keyId }));
  const byIssuer = sequence(sequence(), unsignedInteger(Uint8Array.of(1)));
  const rest = [recipient.algorithm, octetString(recipient.encryptedKey)];
  return {
    "another subject key identifier": named(randomBytes(32)),
    "a subject key identifier with one flipped bit": named(recipientKeyId(publicKey).map((byte, i) => (i === 31 ? byte ^ 1 : byte))),
    "an empty subject key identifier": named(new Uint8Array()),
    "the first 20 bytes of the subject key identifier": named(recipient.keyId.subarray(0, 20)),
    "a subject key identifier and one byte more": named(concatBytes(recipient.keyId, Uint8Array.of(0))),
    "no recipient": to(der(0x31)),
    "the recipient twice": to(der(0x31, one, one)),
    "another recipient before ours": to(der(0x31, other, one)),
    "another recipient after ours": to(der(0x31, one, other)),
    "600 recipients": to(long(0x31, concatBytes(...Array.from({ length: 600 }, () => one)))),
    "recipients in a SEQUENCE": to(sequence(one)),
    "a recipient named by issuer and serial number": to(setOfOne(sequence(Uint8Array.of(2, 1, 0), byIssuer, ...rest))),
    "a recipient of version 0": to(setOfOne(sequence(Uint8Array.of(2, 1, 0), der(0x80, recipient.keyId), ...rest))),
    "a key agreement recipient": to(setOfOne(der(0xa1, one))),
    "a password recipient": to(setOfOne(der(0xa3, one))),
    "a recipient with a fifth element": to(setOfOne(sequence(VERSION_2, der(0x80, recipient.keyId), ...rest, VERSION_2))),
    "a recipient without a key": to(setOfOne(sequence(VERSION_2, der(0x80, recipient.keyId), recipient.algorithm))),
  };
}

/** Algorithms that KMS does not use; where it says so, the key is really wrapped or the content really encrypted that way. */
function forgeAlgorithms(publicKey: KeyObject, { parts, recipient, contentKey, iv, ciphertext, plaintext }: HonestCms): Forgeries {
  const by = (algorithm: Uint8Array, encryptedKey = recipient.encryptedKey): Uint8Array =>
    envelopedData({ ...parts, recipients: oneRecipient({ ...recipient, algorithm, encryptedKey }) });
  const under = (contentAlgorithm: Uint8Array, content = ciphertext): Uint8Array =>
    envelopedData({ ...parts, contentAlgorithm, content: constructedContent(content) });
  const oaep = (parameters: Uint8Array): Uint8Array => sequence(objectIdentifier(OID.rsaesOaep), parameters);
  const sha256 = sequence(objectIdentifier(OID.sha256), NULL);
  const mgf = (hash: Uint8Array): Uint8Array => der(0xa1, sequence(objectIdentifier(OID.mgf1), hash));
  const label = Uint8Array.of(1, 2, 3);
  const pSource = der(0xa2, sequence(objectIdentifier("1.2.840.113549.1.1.9"), octetString(label)));
  const labelled = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256", oaepLabel: label },
    contentKey,
  );
  const pkcs1 = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, contentKey);
  const short = contentKey.subarray(0, 16);
  return {
    "OAEP with SHA-1": by(oaepAlgorithm(SHA_1), wrap(publicKey, contentKey, "sha1")),
    "OAEP with SHA-1 by default parameters": by(oaep(sequence()), wrap(publicKey, contentKey, "sha1")),
    "OAEP without parameters": by(sequence(objectIdentifier(OID.rsaesOaep))),
    "OAEP that says SHA-256 and is SHA-1": by(recipient.algorithm, wrap(publicKey, contentKey, "sha1")),
    "OAEP with MGF1 over SHA-1": by(oaepAlgorithm(OID.sha256, SHA_1)),
    "OAEP with SHA-512": by(oaepAlgorithm(SHA_512), wrap(publicKey, contentKey, "sha512")),
    "OAEP with a label": by(oaep(sequence(der(0xa0, sha256), mgf(sha256), pSource)), labelled),
    "OAEP with a label that the message hides": by(recipient.algorithm, labelled),
    "OAEP whose hash has octets for parameters": by(
      oaep(sequence(der(0xa0, sequence(objectIdentifier(OID.sha256), octetString(label))), mgf(sha256))),
    ),
    "RSA with PKCS #1 v1.5": by(sequence(objectIdentifier(RSA_ENCRYPTION), NULL), pkcs1),
    "PKCS #1 v1.5 that says OAEP": by(recipient.algorithm, pkcs1),
    "AES-128-CBC": under(cbcAlgorithm(AES_128_CBC, iv), cbc("aes-128-cbc", short, iv, pkcs7(plaintext))),
    "AES-256-GCM": under(sequence(objectIdentifier(AES_256_GCM), sequence(octetString(iv.subarray(0, 12))))),
    "AES-256-ECB": under(sequence(objectIdentifier("2.16.840.1.101.3.4.1.41"))),
    "triple DES": under(cbcAlgorithm("1.2.840.113549.3.7", iv.subarray(0, 8))),
    "an algorithm nobody knows": under(cbcAlgorithm("1.2.3.4", iv)),
    "AES-256-CBC without an IV": under(sequence(objectIdentifier(OID.aes256Cbc))),
    "AES-256-CBC with NULL for its IV": under(sequence(objectIdentifier(OID.aes256Cbc), NULL)),
    "an IV of 15 bytes": under(cbcAlgorithm(OID.aes256Cbc, iv.subarray(0, 15))),
    "an IV of 17 bytes": under(cbcAlgorithm(OID.aes256Cbc, concatBytes(iv, Uint8Array.of(0)))),
    "an empty IV": under(cbcAlgorithm(OID.aes256Cbc, new Uint8Array())),
    "two IVs": under(sequence(objectIdentifier(OID.aes256Cbc), octetString(iv), octetString(iv))),
  };
}

/** Wrapped keys of a wrong length, of another key, of another size, and numbers that are no OAEP block. */
function forgeKeys(publicKey: KeyObject, honest: HonestCms): Forgeries {
  const { parts, recipient, iv, plaintext } = honest;
  const modulusBytes = recipient.encryptedKey.length;
  const wrapped = (encryptedKey: Uint8Array, content = parts.content): Uint8Array =>
    envelopedData({ ...parts, recipients: oneRecipient({ ...recipient, encryptedKey }), content });
  const cut = (length: number, cipher: string): Uint8Array => {
    const key = randomBytes(length);
    return wrapped(wrap(publicKey, key), constructedContent(cbc(cipher, key, iv, pkcs7(plaintext))));
  };
  const raw = randomBytes(modulusBytes);
  raw[0] = 0; // below the modulus
  return {
    "another content key": wrapped(wrap(publicKey, keyOfNoPadding(honest))),
    "a content key of 16 bytes, used as AES-128": cut(16, "aes-128-cbc"),
    "a content key of 24 bytes, used as AES-192": cut(24, "aes-192-cbc"),
    "a content key of 31 bytes": wrapped(wrap(publicKey, randomBytes(31))),
    "a content key of 33 bytes": wrapped(wrap(publicKey, randomBytes(33))),
    "an empty content key": wrapped(wrap(publicKey, new Uint8Array())),
    "a number that is no OAEP block": wrapped(publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, raw)),
    "zero for a wrapped key": wrapped(new Uint8Array(modulusBytes)),
    "one for a wrapped key": wrapped(new Uint8Array(modulusBytes).fill(1, -1)),
    "a number above the modulus": wrapped(new Uint8Array(modulusBytes).fill(0xff)),
    "a wrapped key with one flipped bit": wrapped(recipient.encryptedKey.map((byte, i) => (i === 100 ? byte ^ 4 : byte))),
    "a wrapped key one byte short": wrapped(recipient.encryptedKey.subarray(1)),
    "a wrapped key and one byte more": wrapped(concatBytes(recipient.encryptedKey, Uint8Array.of(0))),
    "a wrapped key after a zero byte": wrapped(concatBytes(Uint8Array.of(0), recipient.encryptedKey)),
    "an empty wrapped key": wrapped(new Uint8Array()),
  };
}

/** Blocks whose last byte is no count of PKCS #7 (RFC 5652 §6.3), under the right keys. */
function forgePadding({ parts, contentKey, iv, plaintext }: HonestCms): Forgeries {
  const holding = (padded: Uint8Array): Uint8Array =>
    envelopedData({ ...parts, content: constructedContent(cbc("aes-256-cbc", contentKey, iv, padded)) });
  const room = 16 - (plaintext.length % 16);
  const ending = (tail: (index: number) => number): Uint8Array =>
    holding(
      concatBytes(
        plaintext,
        Uint8Array.from({ length: room + 16 }, (_, i) => tail(i)),
      ),
    );
  const last = room + 15;
  return {
    "padding of zeros": ending(() => 0),
    "padding that counts 17": ending(() => 17),
    "padding that counts 255": ending(() => 255),
    "padding whose first byte differs": ending((i) => (i === last - 15 ? 15 : 16)),
    "padding whose last byte but one differs": ending((i) => (i === last - 1 ? 3 : 4)),
    "padding of ISO 10126, counted and random": ending((i) => (i === last ? 16 : i + 100)),
    "padding of ISO 7816, one bit and zeros": ending((i) => (i === 0 ? 0x80 : 0)),
    "nothing but padding": holding(new Uint8Array(32).fill(32)),
  };
}

/** A content key under which the ciphertext does not end in a padding; one in 256 would, and nobody could tell that. */
function keyOfNoPadding({ iv, ciphertext }: HonestCms): Uint8Array {
  for (;;) {
    const key = randomBytes(32);
    const decipher = createDecipheriv("aes-256-cbc", key, iv);
    decipher.update(ciphertext);
    try {
      decipher.final();
    } catch {
      return key;
    }
  }
}

/** A definite length of three bytes, for more than `der` takes. */
function long(tag: number, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag, 0x83, body.length >> 16, (body.length >> 8) & 255, body.length & 255), body);
}

function collect(verdict: ForgedCms["verdict"]): (forgeries: Forgeries) => ForgedCms[] {
  return (forgeries) => Object.entries(forgeries).map(([name, bytes]) => ({ name, bytes, verdict }));
}

const SHA_1 = "1.3.14.3.2.26";
const SHA_512 = "2.16.840.1.101.3.4.2.3";
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const AES_128_CBC = "2.16.840.1.101.3.4.1.2";
const AES_256_GCM = "2.16.840.1.101.3.4.1.46";
