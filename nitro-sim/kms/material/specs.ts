/** What a key may be used for. */
export type KeyUsage = "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "GENERATE_VERIFY_MAC";
export const KEY_USAGES: readonly KeyUsage[] = ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC"];

/** What a key of one spec is made of and can do. */
export interface Spec {
  readonly kind: "aes" | "rsa" | "ec" | "hmac";
  /** what may stand as its usage; AWS takes ENCRYPT_DECRYPT where none is given */
  readonly usages: readonly KeyUsage[];
  /** RSA: bits of the modulus; HMAC: bytes of the key */
  readonly size?: number;
  /** EC: the curve as node:crypto names it */
  readonly curve?: string;
  readonly encryption: readonly EncryptionAlgorithm[];
  readonly signing: readonly SigningAlgorithm[];
  readonly mac: readonly MacAlgorithm[];
}

export type EncryptionAlgorithm = "SYMMETRIC_DEFAULT" | "RSAES_OAEP_SHA_1" | "RSAES_OAEP_SHA_256";
export type SigningAlgorithm = keyof typeof SIGNING;
export type MacAlgorithm = keyof typeof MAC;

/** Signature algorithms: padding and hash. */
export const SIGNING = {
  RSASSA_PSS_SHA_256: { scheme: "pss", hash: "sha256" },
  RSASSA_PSS_SHA_384: { scheme: "pss", hash: "sha384" },
  RSASSA_PSS_SHA_512: { scheme: "pss", hash: "sha512" },
  RSASSA_PKCS1_V1_5_SHA_256: { scheme: "pkcs1", hash: "sha256" },
  RSASSA_PKCS1_V1_5_SHA_384: { scheme: "pkcs1", hash: "sha384" },
  RSASSA_PKCS1_V1_5_SHA_512: { scheme: "pkcs1", hash: "sha512" },
  ECDSA_SHA_256: { scheme: "ecdsa", hash: "sha256" },
  ECDSA_SHA_384: { scheme: "ecdsa", hash: "sha384" },
  ECDSA_SHA_512: { scheme: "ecdsa", hash: "sha512" },
} as const;
/** MAC algorithms and their hash. */
export const MAC = { HMAC_SHA_224: "sha224", HMAC_SHA_256: "sha256", HMAC_SHA_384: "sha384", HMAC_SHA_512: "sha512" } as const;

export const ENCRYPTION_ALGORITHMS: readonly EncryptionAlgorithm[] = ["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
export const SIGNING_ALGORITHMS: readonly SigningAlgorithm[] = Object.keys(SIGNING) as SigningAlgorithm[];
export const MAC_ALGORITHMS: readonly MacAlgorithm[] = Object.keys(MAC) as MacAlgorithm[];

const OAEP: readonly EncryptionAlgorithm[] = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
const RSA_SIGNING: readonly SigningAlgorithm[] = SIGNING_ALGORITHMS.filter((name) => SIGNING[name].scheme !== "ecdsa");
const rsa = (size: number): Spec => ({
  kind: "rsa",
  usages: ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
  size,
  encryption: OAEP,
  signing: RSA_SIGNING,
  mac: [],
});
const ec = (curve: string, algorithm: SigningAlgorithm): Spec => ({
  kind: "ec",
  usages: ["SIGN_VERIFY"],
  curve,
  encryption: [],
  signing: [algorithm],
  mac: [],
});
const hmac = (size: number, algorithm: MacAlgorithm): Spec => ({
  kind: "hmac",
  usages: ["GENERATE_VERIFY_MAC"],
  size,
  encryption: [],
  signing: [],
  mac: [algorithm],
});

/** A key spec as CreateKey takes it. */
export type KeySpec =
  | "SYMMETRIC_DEFAULT"
  | `RSA_${2048 | 3072 | 4096}`
  | `ECC_NIST_${"P256" | "P384" | "P521"}`
  | "ECC_SECG_P256K1"
  | `HMAC_${224 | 256 | 384 | 512}`;

/** The key specs that the simulator makes. */
export const SPEC: Readonly<Record<KeySpec, Spec>> = {
  SYMMETRIC_DEFAULT: { kind: "aes", usages: ["ENCRYPT_DECRYPT"], encryption: ["SYMMETRIC_DEFAULT"], signing: [], mac: [] },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ec("P-256", "ECDSA_SHA_256"),
  ECC_NIST_P384: ec("P-384", "ECDSA_SHA_384"),
  ECC_NIST_P521: ec("P-521", "ECDSA_SHA_512"),
  ECC_SECG_P256K1: ec("secp256k1", "ECDSA_SHA_256"),
  HMAC_224: hmac(28, "HMAC_SHA_224"),
  HMAC_256: hmac(32, "HMAC_SHA_256"),
  HMAC_384: hmac(48, "HMAC_SHA_384"),
  HMAC_512: hmac(64, "HMAC_SHA_512"),
};
export const KEY_SPECS: readonly KeySpec[] = Object.keys(SPEC) as KeySpec[];
/** Specs of data key pairs: what RSA and EC there is. */
export const PAIR_SPECS: readonly KeySpec[] = KEY_SPECS.filter((name) => SPEC[name].kind === "rsa" || SPEC[name].kind === "ec");
