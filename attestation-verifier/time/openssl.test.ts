import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ascii } from "../generate/der.ts";
import { digestOf, makeTimeStamp, timeAuthorityPem } from "../generate/test-time-stamp.ts";
import { signatures as noble } from "../signatures/noble.ts";
import { signatures as node } from "../signatures/node.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";
import { decodePemCertificate } from "../trust/pem.ts";
import { parseTimeAuthority, type TimeAuthority } from "./time-authority.ts";
import { verifyTimeStamp } from "./verify-time-stamp.ts";

const present = spawnSync("openssl", ["version"]).status === 0;

const CONFIGURATION = `
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[tsa]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
authorityKeyIdentifier = keyid, issuer
certificatePolicies = 1.2.3.4
[old]
serial = serial
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha1
[stamp]
serial = serial
default_policy = 1.2.3.4
digests = sha256, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_alg = sha256
ess_cert_id_chain = yes
`;
const KEYS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "P-256": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "P-384": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
};

describe.skipIf(!present)("tokens of openssl ts (skipped where openssl is absent)", () => {
  let folder = "";
  const openssl = (...words: readonly string[]): string =>
    execFileSync("openssl", [...words], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const pinned = (file: string): TimeAuthority[] => [
    parseTimeAuthority(decodePemCertificate(readFileSync(join(folder, file), "utf8").trim()) ?? new Uint8Array(0)),
  ];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "caladrius-openssl-"));
    writeFileSync(join(folder, "openssl.cnf"), CONFIGURATION);
    writeFileSync(join(folder, "serial"), "01\n");
    writeFileSync(join(folder, "result"), "result");
    const usual = ["-config", "openssl.cnf", "-days", "30"];
    for (const [key, words] of Object.entries(KEYS)) {
      const hash = key === "P-384" ? "-sha384" : "-sha256";
      for (const place of ["ca", "tsa"]) openssl(...words, "-out", `${place}-${key}.key`);
      openssl(
        "req",
        "-new",
        "-x509",
        hash,
        "-key",
        `ca-${key}.key`,
        "-subj",
        `/CN=CA ${key}`,
        "-extensions",
        "ca",
        ...usual,
        "-out",
        `ca-${key}.pem`,
      );
      openssl("req", "-new", "-key", `tsa-${key}.key`, "-subj", `/CN=TSA ${key}`, "-config", "openssl.cnf", "-out", "request.pem");
      openssl(
        "x509",
        "-req",
        hash,
        "-in",
        "request.pem",
        "-CA",
        `ca-${key}.pem`,
        "-CAkey",
        `ca-${key}.key`,
        "-CAcreateserial",
        "-days",
        "30",
        "-extfile",
        "openssl.cnf",
        "-extensions",
        "tsa",
        "-out",
        `tsa-${key}.pem`,
      );
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function stamp(
    key: string,
    hash: string,
    { certificate, imprint = "-sha256", section = "stamp" }: { certificate: boolean; imprint?: string; section?: string },
  ): Uint8Array {
    openssl("ts", "-query", "-data", "result", imprint, ...(certificate ? ["-cert"] : []), "-out", "query.tsq");
    const signer = ["-signer", `tsa-${key}.pem`, "-inkey", `tsa-${key}.key`, "-chain", `ca-${key}.pem`];
    openssl(
      "ts",
      "-reply",
      "-config",
      "openssl.cnf",
      "-section",
      section,
      "-queryfile",
      "query.tsq",
      ...signer,
      `-${hash}`,
      "-token_out",
      "-out",
      "token.der",
    );
    return new Uint8Array(readFileSync(join(folder, "token.der")));
  }

  it.each([
    ["RSA", "sha256"],
    ["RSA", "sha384"],
    ["RSA", "sha512"],
    ["P-256", "sha256"],
    ["P-384", "sha384"],
  ])("under %s with %s are accepted, and for this result alone", async (key, hash) => {
    const before = Date.now();
    const token = stamp(key, hash, { certificate: true });
    for (const signatures of [node, webcrypto, noble])
      for (const place of ["ca", "tsa"]) {
        const authorities = pinned(`${place}-${key}.pem`);
        const { atMs, fromMs, authority } = await verifyTimeStamp(token, {
          digest: digestOf("sha256", ascii("result")),
          authorities,
          signatures,
        });
        expect(authority).toBe(`TSA ${key}`);
        expect(atMs - fromMs).toBe(3002); // 1.5001 s on either side, rounded outwards
        expect(fromMs).toBeLessThan(Date.now());
        expect(atMs).toBeGreaterThan(before);
        await expect(
          verifyTimeStamp(token, { digest: digestOf("sha256", ascii("another")), authorities, signatures }),
        ).rejects.toMatchObject({ code: "time-evidence-imprint" });
      }
  });

  it("without a certificate need that of the authority", async () => {
    const token = stamp("P-384", "sha384", { certificate: false });
    const options = { digest: digestOf("sha256", ascii("result")), signatures: node };
    expect(await verifyTimeStamp(token, { ...options, authorities: pinned("tsa-P-384.pem") })).toMatchObject({ authority: "TSA P-384" });
    await expect(verifyTimeStamp(token, { ...options, authorities: pinned("ca-P-384.pem") })).rejects.toMatchObject({
      code: "time-evidence-authority",
    });
  });

  it("that name their certificate by SHA-1 are accepted, as public authorities have it", async () => {
    const token = stamp("RSA", "sha512", { certificate: true, section: "old" });
    const options = { digest: digestOf("sha256", ascii("result")), signatures: node };
    const { atMs, fromMs } = await verifyTimeStamp(token, { ...options, authorities: pinned("ca-RSA.pem") });
    expect(atMs - fromMs).toBe(2000); // no accuracy is stated
  });

  it("with combinations that are not supported are refused by name", async () => {
    const options = { digest: digestOf("sha256", ascii("result")), signatures: node };
    await expect(
      verifyTimeStamp(stamp("P-384", "sha256", { certificate: true }), { ...options, authorities: pinned("ca-P-384.pem") }),
    ).rejects.toMatchObject({ code: "time-evidence-unsupported" });
    await expect(
      verifyTimeStamp(stamp("RSA", "sha256", { certificate: true, imprint: "-sha512" }), { ...options, authorities: pinned("ca-RSA.pem") }),
    ).rejects.toMatchObject({ code: "time-evidence-imprint" });
  });

  it.each(["P-256", "P-384", "RSA"] as const)("and openssl accepts those of our test authority under %s", (key) => {
    const digest = digestOf("sha256", ascii("result"));
    writeFileSync(join(folder, "ours.der"), makeTimeStamp({ digest, genTimeMs: Date.UTC(2026, 2, 1), key }));
    writeFileSync(join(folder, "ours.pem"), timeAuthorityPem(key, "issuer"));
    expect(openssl("ts", "-verify", "-data", "result", "-in", "ours.der", "-token_in", "-CAfile", "ours.pem")).toContain(
      "Verification: OK",
    );
  });
});
