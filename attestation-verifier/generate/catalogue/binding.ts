import { encodeCbor, encodeIdentity, identityCommitment, kmsCommitment, utf8Encode, type CborValue } from "@caladrius/wire";
import { concat, hex } from "../der.ts";
import { spkiOf, testKey } from "../test-keys.ts";
import { pcr, PCR4, RESULT_KEY, sha384 } from "../test-pki.ts";
import { CONSTITUTION_DIGEST, extended, IDENTITY, POLICY_DIGEST } from "../test-result.ts";
import { attested, resultTrust } from "./attested.ts";
import { group, type Vector } from "./vector.ts";

const identity = encodeIdentity(IDENTITY);
const withPcrs = (change: Readonly<Record<number, Uint8Array>>): Map<number, CborValue> =>
  new Map(
    Object.entries({
      0: pcr(0x10),
      1: pcr(0x11),
      2: pcr(0x12),
      4: PCR4,
      16: extended(CONSTITUTION_DIGEST),
      17: extended(POLICY_DIGEST),
      ...change,
    }).map(([index, value]) => [Number(index), value]),
  );
/** Rule 41: a session's keys are bound to the evidence. */
export const BINDING: readonly Vector[] = [
  ...group(
    "reject-41",
    {
      reason:
        "A genuine document says who the enclave is only if it commits to the keys in use. Otherwise it is relayed from another enclave.",
      source: "AWS attestation_process.md §2.2.2; CCC-Attestation/interoperable-ra-tls#15",
      expect: "identity-commitment",
    },
    [
      [
        "identity-other",
        "The evidence is genuine and commits to another enclave's identity.",
        () => attested({ fields: { user_data: sha384(identityCommitment(encodeIdentity({ ...IDENTITY, sequence: 1 }))) } }),
      ],
      ["identity-none", "The evidence commits to nothing: user_data is null.", () => attested({ fields: { user_data: null } })],
      [
        "identity-prefix",
        "user_data is the beginning of the commitment.",
        () => attested({ fields: { user_data: sha384(identityCommitment(identity)).slice(0, 32) } }),
      ],
      [
        "identity-longer",
        "user_data is the commitment and more.",
        () => attested({ fields: { user_data: concat(sha384(identityCommitment(identity)), hex("00")) } }),
      ],
      [
        "identity-as-nonce",
        "The commitment stands in nonce instead of user_data.",
        () => attested({ fields: { user_data: null, nonce: sha384(identityCommitment(identity)) } }),
      ],
      [
        "identity-bare-digest",
        "user_data is the digest of the identity without its purpose.",
        () => attested({ fields: { user_data: sha384(identity) } }),
      ],
      [
        "identity-joined",
        "user_data is the digest of purpose and identity joined without lengths.",
        () => attested({ fields: { user_data: sha384(utf8Encode("caladrius identity"), identity) } }),
        { source: "Dstack-TEE/dstack#554" },
      ],
      [
        "identity-for-kms",
        "user_data is the commitment that this enclave makes for KMS.",
        () => attested({ fields: { user_data: sha384(kmsCommitment(IDENTITY.bootId)) } }),
      ],
      [
        "public-key-own",
        "The evidence carries the result key as public_key, beside the right commitment.",
        () => attested({ fields: { public_key: spkiOf(RESULT_KEY) } }),
        { expect: "identity-public-key" },
      ],
      [
        "public-key-empty",
        "The evidence carries an empty public_key.",
        () => attested({ fields: { public_key: hex("") } }),
        { expect: "identity-public-key" },
      ],
      [
        "public-key-trailing",
        "The evidence carries a public_key with a byte behind its SubjectPublicKeyInfo.",
        () => attested({ fields: { public_key: concat(spkiOf(testKey("session")), hex("00")) } }),
        { expect: "identity-public-key" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "What the identity says of constitution and policy must be what the enclave measured into PCR16 and PCR17.",
      source: "RFC 9334 §8.3; ARCHITECTURE §5",
      expect: "identity-constitution",
    },
    [
      [
        "constitution-other",
        "The identity names another constitution than PCR16 measures.",
        () => attested({ identity: { constitutionDigest: new Uint8Array(48).fill(0xcc) } }),
      ],
      [
        "policy-other",
        "The identity names another policy bundle than PCR17 measures.",
        () => attested({ identity: { policyDigest: new Uint8Array(48).fill(0xbb) } }),
        { expect: "identity-policy" },
      ],
      [
        "policy-extended-twice",
        "PCR17 was extended a second time.",
        () => attested({ fields: { pcrs: withPcrs({ 17: sha384(extended(POLICY_DIGEST), POLICY_DIGEST) }) } }),
        { expect: "identity-policy" },
      ],
      [
        "constitution-not-pinned",
        "The trust file does not pin PCR16.",
        () => attested({}, { trust: resultTrust({ pcrs: [{ 0: "10".repeat(48), 1: "11".repeat(48), 2: "12".repeat(48) }] }) }),
        { expect: "trust-pcr16-missing" },
      ],
      [
        "identity-not-identity",
        "The evidence commits to bytes that are no identity.",
        () => attested({ identityBytes: encodeCbor(["identity"]) }),
        { expect: "identity-form" },
      ],
      [
        "identity-trailing",
        "A byte follows the identity, and the evidence commits to both.",
        () => attested({ identityBytes: concat(identity, hex("00")) }),
        { expect: "identity-form", source: "Dstack-TEE/dstack#550; RFC 8949 §5.1" },
      ],
      [
        "identity-of-version-2",
        "The identity is of a later version.",
        () => attested({ identityBytes: encodeCbor(new Map([["v", 2]])) }),
        { expect: "identity-version" },
      ],
    ],
  ),
];
