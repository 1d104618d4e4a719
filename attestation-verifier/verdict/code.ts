/** What a code does to a verdict, and the exit code of a command that ends with it. */
export const EXIT = { accepted: 0, refused: 10, unsupported: 20, malformed: 30 } as const;

/** Who can do something about it. */
export type Actor = "sender" | "relying party" | "submitter" | "nobody";

/**
 * Every reason a verdict can carry. `accepted` entries accompany an affirming or warning verdict, all others end it:
 * `malformed` = bytes outside the grammar, `unsupported` = a version this build does not know, `refused` = the rest.
 */
// oxfmt-ignore
export const CODE = {
  // what an acceptable input ends with, from the gravest downwards
  simulator: { stage: "appraise", spec: "ARCHITECTURE §5", meaning: "simulator: made by software under a test root, not by Nitro hardware", status: "accepted", actor: "nobody" },
  debug: { stage: "appraise", spec: "AWS attestation_process.md §3.2", meaning: "debug: the parent instance can read the console of this enclave, and its measurements are zero", status: "accepted", actor: "nobody" },
  denied: { stage: "result", spec: "ARCHITECTURE §5", meaning: "the enclave denied this job: nothing was analysed", status: "accepted", actor: "submitter" },
  "alarm-summary-withheld": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the alarm summary was removed from this file", status: "accepted", actor: "submitter" },
  "status-stale": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the enclave answered for care without a status list in force: it has expired, or the host gave none", status: "accepted", actor: "nobody" },
  "break-glass": { stage: "result", spec: "ARCHITECTURE §5", meaning: "access was taken by a break-glass grant", status: "accepted", actor: "nobody" },
  inconsistent: { stage: "consistency", spec: "AWS document profile", meaning: "what the document says more than once contradicts itself, and the caller asked to be told rather than to refuse", status: "accepted", actor: "relying party" },
  "time-late": { stage: "time", spec: "ARCHITECTURE §5", meaning: "the time evidence shows that the result existed, but only after a certificate of its enclave had expired", status: "accepted", actor: "submitter" },
  "time-not-proved": { stage: "freshness", spec: "ARCHITECTURE §5", meaning: "verified at the time that the document states or the caller chose; no time stamp proves it", status: "accepted", actor: "relying party" },
  verified: { stage: "verdict", spec: "ARCHITECTURE §5", meaning: "every check of this mode passed", status: "accepted", actor: "nobody" },

  "envelope-size": { stage: "envelope", spec: "AWS attestation_process.md §3.1", meaning: "empty, or larger than an attestation document can be", status: "malformed", actor: "sender" },
  "envelope-tag": { stage: "envelope", spec: "RFC 9052 §2", meaning: "a CBOR tag other than 18 (COSE_Sign1)", status: "malformed", actor: "sender" },
  "envelope-shape": { stage: "envelope", spec: "RFC 9052 §4.2", meaning: "not a COSE_Sign1: a definite array of header bytes, header map, payload bytes and signature bytes", status: "malformed", actor: "sender" },
  "envelope-trailing-bytes": { stage: "envelope", spec: "RFC 8949 §5.1", meaning: "bytes follow the document, which no signature covers", status: "malformed", actor: "sender" },
  "envelope-protected": { stage: "envelope", spec: "RFC 9053 §2.1", meaning: "the protected header is not exactly {1: -35} (ES384)", status: "refused", actor: "sender" },
  "envelope-qemu": { stage: "envelope", spec: "QEMU hw/virtio/virtio-nsm.c", meaning: "an unsigned document of QEMU's nitro-enclave machine", status: "refused", actor: "sender" },
  "envelope-unprotected": { stage: "envelope", spec: "RFC 9052 §3", meaning: "the unprotected header is not empty, and no signature covers it", status: "refused", actor: "sender" },
  "envelope-signature-length": { stage: "envelope", spec: "RFC 9053 §2.1", meaning: "the signature is not 96 bytes of r and s", status: "malformed", actor: "sender" },
  "document-signature": { stage: "envelope", spec: "RFC 9052 §4.4", meaning: "the signature of the document does not verify under the key of its certificate", status: "refused", actor: "sender" },

  "payload-cbor": { stage: "payload", spec: "RFC 8949 §5", meaning: "the payload is not one well-formed CBOR item of the profile", status: "malformed", actor: "sender" },
  "payload-nitrotpm": { stage: "payload", spec: "AWS NitroTPM attestation", meaning: "a document of EC2 NitroTPM, which is another product under the same root", status: "refused", actor: "sender" },
  "payload-field-missing": { stage: "payload", spec: "AWS attestation_process.md §3.2", meaning: "a field that every document has is missing or null", status: "malformed", actor: "sender" },
  "payload-field-type": { stage: "payload", spec: "AWS attestation_process.md §3.2", meaning: "a field has another type", status: "malformed", actor: "sender" },
  "payload-field-limit": { stage: "payload", spec: "AWS attestation_process.md §3.2", meaning: "a field is empty, too long or out of range", status: "malformed", actor: "sender" },
  "payload-digest": { stage: "payload", spec: "AWS attestation_process.md §3.2", meaning: "the digest of the PCRs is not SHA384", status: "refused", actor: "sender" },
  "payload-pcrs": { stage: "payload", spec: "AWS attestation_process.md §3.2", meaning: "the PCRs are not 1 to 32 values of 48 bytes under indexes 0 to 31", status: "malformed", actor: "sender" },

  "bundle-length": { stage: "chain", spec: "AWS attestation_process.md §3.2.3", meaning: "the bundle does not hold exactly root, regional, zonal and instance certificate", status: "refused", actor: "sender" },
  "bundle-root": { stage: "chain", spec: "AWS attestation_process.md §3.2.3", meaning: "the bundle does not begin with a pinned root certificate, byte for byte", status: "refused", actor: "sender" },
  "certificate-der": { stage: "certificate", spec: "X.690 §10", meaning: "the certificate is not DER of the shape that X.509 says", status: "malformed", actor: "sender" },
  "certificate-version": { stage: "certificate", spec: "RFC 5280 §4.1.2.1", meaning: "the certificate is not of version 3", status: "refused", actor: "sender" },
  "certificate-serial": { stage: "certificate", spec: "RFC 5280 §4.1.2.2", meaning: "the serial number is not a positive integer of at most 20 bytes", status: "refused", actor: "sender" },
  "certificate-algorithm": { stage: "certificate", spec: "RFC 5758 §3.2", meaning: "the signature algorithm is not ecdsa-with-SHA384, inside and outside, without parameters", status: "refused", actor: "sender" },
  "certificate-signature": { stage: "certificate", spec: "RFC 5480 §2.2", meaning: "the signature is not DER of two positive integers of at most 48 bytes", status: "malformed", actor: "sender" },
  "certificate-name": { stage: "certificate", spec: "RFC 5280 §4.1.2.4", meaning: "a name is not a sequence of single attributes with exactly one common name", status: "refused", actor: "sender" },
  "certificate-time": { stage: "certificate", spec: "RFC 5280 §4.1.2.5.1", meaning: "a validity time is not a real date in the form YYMMDDHHMMSSZ", status: "refused", actor: "sender" },
  "certificate-validity-order": { stage: "certificate", spec: "RFC 5280 §4.1.2.5", meaning: "the certificate ends before it begins", status: "refused", actor: "sender" },
  "certificate-key": { stage: "certificate", spec: "RFC 5480 §2.1.1", meaning: "the key is not an uncompressed point of the named curve P-384", status: "refused", actor: "sender" },
  "certificate-extension-duplicate": { stage: "certificate", spec: "RFC 5280 §4.2", meaning: "one extension stands twice", status: "refused", actor: "sender" },
  "certificate-extension-critical": { stage: "certificate", spec: "RFC 5280 §4.2", meaning: "a critical extension, or name constraints, that this profile does not know", status: "refused", actor: "sender" },
  "certificate-basic-constraints": { stage: "certificate", spec: "RFC 5280 §4.2.1.9", meaning: "basic constraints are missing, not critical where they must be, or say the wrong thing about being an authority", status: "refused", actor: "sender" },
  "certificate-path-length": { stage: "certificate", spec: "RFC 5280 §4.2.1.9", meaning: "the path length is not the one of this place in the chain", status: "refused", actor: "sender" },
  "certificate-key-usage": { stage: "certificate", spec: "RFC 5280 §4.2.1.3", meaning: "key usage is missing, not in DER form, or does not allow what the key is used for", status: "refused", actor: "sender" },
  "chain-name": { stage: "chain", spec: "RFC 5280 §6.1.3 (a)(4)", meaning: "the issuer's name is not, byte for byte, the subject of the certificate above", status: "refused", actor: "sender" },
  "chain-key-identifier": { stage: "chain", spec: "RFC 5280 §4.2.1.1", meaning: "the authority key identifier names another key than the certificate above has", status: "refused", actor: "sender" },
  "chain-signature": { stage: "chain", spec: "RFC 5280 §6.1.3 (a)(1)", meaning: "the signature does not verify under the key of the certificate above", status: "refused", actor: "sender" },
  "chain-not-yet-valid": { stage: "chain", spec: "RFC 5280 §6.1.3 (a)(2)", meaning: "a certificate is not valid yet at the time of verification", status: "refused", actor: "sender" },
  "chain-expired": { stage: "chain", spec: "RFC 5280 §6.1.3 (a)(2)", meaning: "a certificate has expired at the time of verification", status: "refused", actor: "sender" },

  "crl-form": { stage: "revocation", spec: "RFC 5280 §5.1", meaning: "a revocation list is not DER of the profile", status: "malformed", actor: "relying party" },
  "crl-extension": { stage: "revocation", spec: "RFC 5280 §5.2", meaning: "a revocation list has a critical extension that this profile does not know", status: "refused", actor: "relying party" },
  "crl-issuer": { stage: "revocation", spec: "RFC 5280 §6.3.3 (f)", meaning: "the certificate that a revocation list names as its issuer may not sign revocation lists", status: "refused", actor: "relying party" },
  "crl-signature": { stage: "revocation", spec: "RFC 5280 §6.3.3 (g)", meaning: "the signature of a revocation list does not verify under the key of its issuer", status: "refused", actor: "relying party" },
  "crl-stale": { stage: "revocation", spec: "RFC 5280 §6.3.3 (a)", meaning: "a revocation list is not current at the time of verification", status: "refused", actor: "relying party" },
  "chain-revoked": { stage: "revocation", spec: "RFC 5280 §6.3.3 (i)", meaning: "a certificate of the chain was revoked by its issuer", status: "refused", actor: "sender" },

  "timestamp-window": { stage: "freshness", spec: "AWS document profile", meaning: "the document's time lies outside the validity of its own certificate", status: "refused", actor: "sender" },
  "timestamp-future": { stage: "freshness", spec: "ARCHITECTURE §5", meaning: "the document's time lies in the future", status: "refused", actor: "sender" },
  "timestamp-age": { stage: "freshness", spec: "ARCHITECTURE §5", meaning: "the document is older than the maximum age", status: "refused", actor: "sender" },
  "freshness-required": { stage: "freshness", spec: "ARCHITECTURE §5", meaning: "live mode needs a nonce or a maximum age", status: "refused", actor: "relying party" },
  "nonce-missing": { stage: "freshness", spec: "AWS attestation_process.md §3.2", meaning: "a nonce was asked for, and the document has none", status: "refused", actor: "sender" },
  "nonce-mismatch": { stage: "freshness", spec: "AWS attestation_process.md §3.2", meaning: "the document answers another nonce", status: "refused", actor: "sender" },

  "module-id-form": { stage: "consistency", spec: "AWS document profile", meaning: "module_id is not <instance id>-enc<16 hex digits>", status: "refused", actor: "sender" },
  "module-id-pcr4": { stage: "consistency", spec: "AWS document profile", meaning: "PCR4 is not the measurement of the instance id in module_id", status: "refused", actor: "sender" },
  "module-id-leaf-name": { stage: "consistency", spec: "AWS document profile", meaning: "the common name of the document's certificate is not <module_id>.<region>.aws", status: "refused", actor: "sender" },
  "module-id-leaf-serial": { stage: "consistency", spec: "AWS document profile", meaning: "the serial number of the document's certificate does not hold the enclave id and the time of issue", status: "refused", actor: "sender" },
  "module-id-instance-name": { stage: "consistency", spec: "AWS document profile", meaning: "the common name of the instance authority is not <instance id>.<region>.aws.nitro-enclaves", status: "refused", actor: "sender" },

  "reference-values-missing": { stage: "appraise", spec: "RFC 9334 §8.3", meaning: "no measurements are trusted: the list is empty", status: "refused", actor: "relying party" },
  "measurement-mismatch": { stage: "appraise", spec: "RFC 9334 §8.3", meaning: "the measurements equal none of the trusted sets", status: "refused", actor: "relying party" },
  "debug-refused": { stage: "appraise", spec: "AWS attestation_process.md §3.2", meaning: "a debug enclave, whose measurements are zero", status: "refused", actor: "sender" },
  "simulator-refused": { stage: "appraise", spec: "ARCHITECTURE §5", meaning: "simulator evidence, which this policy does not allow", status: "refused", actor: "relying party" },
  "region-refused": { stage: "appraise", spec: "ARCHITECTURE §5", meaning: "the enclave ran in a region that this policy does not name", status: "refused", actor: "relying party" },

  "trust-json": { stage: "trust", spec: "trust file", meaning: "the trust file is not one JSON object", status: "malformed", actor: "relying party" },
  "trust-key-unknown": { stage: "trust", spec: "trust file", meaning: "a key that trust files do not have, or one key twice", status: "malformed", actor: "relying party" },
  "trust-value": { stage: "trust", spec: "trust file", meaning: "a value of the trust file has another type or is out of range", status: "malformed", actor: "relying party" },
  "trust-unsupported": { stage: "trust", spec: "trust file", meaning: "the trust file asks for something that this build cannot verify", status: "unsupported", actor: "relying party" },
  "trust-root": { stage: "trust", spec: "trust file", meaning: 'a root is neither "aws-nitro-root-g1" nor one PEM certificate of the profile', status: "malformed", actor: "relying party" },
  "trust-root-simulated": { stage: "trust", spec: "ARCHITECTURE §5", meaning: "a simulator's root needs allowSimulator", status: "refused", actor: "relying party" },
  "trust-root-not-simulated": { stage: "trust", spec: "ARCHITECTURE §5", meaning: "allowSimulator works only with roots whose subject says SIMULATED", status: "refused", actor: "relying party" },
  "trust-roots-mixed": { stage: "trust", spec: "ARCHITECTURE §5", meaning: "a simulator's root stands beside a real one", status: "refused", actor: "relying party" },
  "trust-pcrs": { stage: "trust", spec: "trust file", meaning: "a PCR set is not whole: 0, 1 and 2 always, each value 96 lower-case hex digits", status: "malformed", actor: "relying party" },
  "trust-pcr-zero": { stage: "trust", spec: "trust file", meaning: "a PCR value of zeros, which every debug enclave has, or which no extended register can have", status: "refused", actor: "relying party" },
  "trust-pcr16-missing": { stage: "trust", spec: "ARCHITECTURE §5", meaning: "a PCR set without PCR16: whoever runs the host would choose the constitution", status: "refused", actor: "relying party" },
  "trust-time-authority": { stage: "trust", spec: "RFC 3161 §2.3", meaning: "an entry of timeAuthorities is not one PEM certificate of a time-stamping authority or of its issuer", status: "malformed", actor: "relying party" },

  "result-file-form": { stage: "result-file", spec: "result.cddl", meaning: "not a result file", status: "malformed", actor: "sender" },
  "result-file-version": { stage: "result-file", spec: "result.cddl", meaning: "a result file of a version that this build does not know", status: "unsupported", actor: "relying party" },
  "result-file-unsupported": { stage: "result-file", spec: "result.cddl", meaning: "the result file holds a part that this build cannot verify", status: "unsupported", actor: "relying party" },
  "identity-form": { stage: "identity", spec: "identity.cddl", meaning: "not an identity", status: "malformed", actor: "sender" },
  "identity-version": { stage: "identity", spec: "identity.cddl", meaning: "an identity of a version that this build does not know", status: "unsupported", actor: "relying party" },
  "identity-commitment": { stage: "identity", spec: "ARCHITECTURE §5", meaning: "the evidence was not made for this identity: user_data is not its commitment", status: "refused", actor: "sender" },
  "identity-public-key": { stage: "identity", spec: "ARCHITECTURE §5", meaning: "the evidence carries a public key, so it was made for another purpose", status: "refused", actor: "sender" },
  "identity-constitution": { stage: "identity", spec: "ARCHITECTURE §5", meaning: "PCR16 is not the measurement of the identity's constitution", status: "refused", actor: "sender" },
  "identity-policy": { stage: "identity", spec: "ARCHITECTURE §5", meaning: "PCR17 is not the measurement of the identity's policy bundle", status: "refused", actor: "sender" },
  "result-statement": { stage: "result", spec: "RFC 9052 §4.2", meaning: "the result is not a statement", status: "malformed", actor: "sender" },
  "result-kind": { stage: "result", spec: "RFC 9596", meaning: "a statement of another kind, or under another algorithm, than a result", status: "refused", actor: "sender" },
  "result-signature": { stage: "result", spec: "RFC 9864 §2.2", meaning: "the signature of the result does not verify under the result key of the identity", status: "refused", actor: "sender" },
  "result-claims": { stage: "result", spec: "result.cddl", meaning: "the claims of the result break their format", status: "malformed", actor: "sender" },
  "result-identity": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the result names another identity", status: "refused", actor: "sender" },
  "result-constitution": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the result names another constitution than its identity", status: "refused", actor: "sender" },
  "result-policy": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the result names another policy bundle than its identity", status: "refused", actor: "sender" },
  "result-interval": { stage: "result", spec: "RFC 8392 §3.1.6", meaning: "the time interval ends before it begins, or iat is not its end", status: "refused", actor: "sender" },
  "result-before-evidence": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the result was issued before its evidence", status: "refused", actor: "sender" },
  "result-after-evidence": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the result was issued more than one hour after its evidence", status: "refused", actor: "sender" },
  "result-after-certificate": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the result was issued after the certificate of its evidence had expired", status: "refused", actor: "sender" },
  "result-future": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the result was issued in the future", status: "refused", actor: "sender" },
  "result-job": { stage: "result", spec: "ARCHITECTURE §5", meaning: "a result for another job", status: "refused", actor: "sender" },
  "result-nonce": { stage: "result", spec: "RFC 9711 §4.1", meaning: "the result repeats another nonce than the one submitted", status: "refused", actor: "sender" },
  "result-policy-floor": { stage: "result", spec: "ARCHITECTURE §5", meaning: "the result was made under an older policy bundle than the caller accepts", status: "refused", actor: "sender" },
  "disclosure-array": { stage: "disclosures", spec: "result.cddl", meaning: "the digests of disclosures are not sorted, unique and padded to 16, 32, 64 …", status: "refused", actor: "sender" },
  "disclosure-unknown": { stage: "disclosures", spec: "ARCHITECTURE §5", meaning: "a disclosure whose digest is not in the result", status: "refused", actor: "sender" },
  "disclosure-duplicate": { stage: "disclosures", spec: "ARCHITECTURE §5", meaning: "one disclosure stands twice, or two say the same thing differently", status: "refused", actor: "sender" },
  "time-evidence-form": { stage: "time", spec: "RFC 3161 §2.4.2", meaning: "the time evidence is not one DER time-stamp token", status: "malformed", actor: "sender" },
  "time-evidence-unsupported": { stage: "time", spec: "RFC 3161 §2.4.2", meaning: "the time evidence uses an algorithm or a version that this build does not know", status: "unsupported", actor: "relying party" },
  "time-evidence-authority": { stage: "time", spec: "RFC 3161 §2.3", meaning: "the time evidence was not made by an authority that the trust file names", status: "refused", actor: "relying party" },
  "time-evidence-signature": { stage: "time", spec: "RFC 5652 §5.4", meaning: "the signature of the time evidence does not verify", status: "refused", actor: "sender" },
  "time-evidence-imprint": { stage: "time", spec: "RFC 3161 §2.4.2", meaning: "the time evidence covers something else than this result", status: "refused", actor: "sender" },
  "time-evidence-early": { stage: "time", spec: "ARCHITECTURE §5", meaning: "the time evidence is older than the result it covers", status: "refused", actor: "sender" },
  "disclosure-form": { stage: "disclosures", spec: "result.cddl", meaning: "a disclosure that this build cannot read", status: "malformed", actor: "sender" },
} as const;
for (const entry of Object.values(CODE)) Object.freeze(entry);
Object.freeze(CODE);

/** Why a verdict is what it is; stable across versions. */
export type Code = keyof typeof CODE;
