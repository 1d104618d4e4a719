import { execFile } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSimulatedPki, ROOT_CERTIFICATE_FILE, ROOT_KEY_FILE, type IssuedLeaf } from "./index.ts";
import { toPem } from "./root.ts";

const run = promisify(execFile);
const START = Date.UTC(2026, 10, 21, 10, 0, 0, 250);
const MODULE = "i-0fd3fdaad4e904e69-enc019b54988b2d89ba";
const HOUR = 3_600_000;
const openssl = await run("openssl", ["version"]).then(
  () => true,
  () => false,
);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-pki-"));
});
afterAll(() => rm(dir, { recursive: true }));

const chain = (leaf: IssuedLeaf): X509Certificate[] => [...leaf.cabundle, leaf.certificate].map((der) => new X509Certificate(der));

const lifetime = (certificate: X509Certificate): number => (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 1000;
const at = (ms: number): string => String(Math.floor(ms / 1000));
const hex = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes).toString("hex").slice(0, length));

describe("the simulated chain", () => {
  it("has AWS's names, lifetimes and order", async () => {
    const pki = await openSimulatedPki(join(dir, "shape"), { nowMs: () => START });
    const [root, regional, zonal, instance, leaf] = chain(pki.issueLeaf(MODULE)) as [
      X509Certificate,
      X509Certificate,
      X509Certificate,
      X509Certificate,
      X509Certificate,
    ];
    expect(root.subject).toBe("C=US\nO=Caladrius\nOU=SIMULATED\nCN=SIMULATED.nitro-enclaves");
    expect(root.validTo).toBe("Dec 31 23:59:59 2049 GMT"); // 30 years would leave UTCTime
    expect(regional.subject).toMatch(/^C=US\nO=Caladrius\nOU=SIMULATED\nCN=[0-9a-f]{16}\.sim-local-1\.aws\.nitro-enclaves$/);
    expect(zonal.subject).toMatch(
      /^CN=[0-9a-f]{16}\.zonal\.sim-local-1\.aws\.nitro-enclaves\nOU=SIMULATED\nO=Caladrius\nC=US\nST=WA\nL=Seattle$/,
    );
    expect(instance.subject).toMatch(/CN=i-0fd3fdaad4e904e69\.sim-local-1\.aws\.nitro-enclaves$/);
    expect(leaf.subject).toMatch(/CN=i-0fd3fdaad4e904e69-enc019b54988b2d89ba\.sim-local-1\.aws$/);
    expect([regional, zonal, instance, leaf].map(lifetime)).toEqual([20 * 86_400 + 3600, 5.75 * 86_400, 86_400, 3 * 3600 + 3]);
    expect(leaf.serialNumber).toBe(
      `019B54988B2D89BA00000000${Math.floor(START / 1000)
        .toString(16)
        .toUpperCase()}`,
    );
    expect(leaf.validFromDate.getTime()).toBe(START - 250 - 3000);
  });

  it("runs for 30 years and an hour where UTCTime can say so", async () => {
    const pki = await openSimulatedPki(join(dir, "early"), { nowMs: () => Date.UTC(2019, 9, 28, 13, 32, 5) });
    expect(new X509Certificate(pki.rootCertificate).validTo).toBe("Oct 28 14:28:05 2049 GMT");
  });

  it("holds at every moment: each certificate covers the leaf it leads to", async () => {
    let nowMs = START;
    const pki = await openSimulatedPki(join(dir, "moments"), { nowMs: () => nowMs });
    const regionals = new Set<string>();
    for (let hours = 0; hours < 50 * 24; hours += 11) {
      nowMs = START + hours * HOUR;
      const leaf = pki.issueLeaf(MODULE);
      const certificates = chain(leaf);
      for (const [index, certificate] of certificates.entries()) {
        const issuer = certificates[Math.max(0, index - 1)]!;
        expect(certificate.verify(issuer.publicKey)).toBe(true);
        expect(certificate.validFromDate.getTime()).toBeLessThanOrEqual(nowMs);
        expect(certificate.validToDate.getTime()).toBeGreaterThanOrEqual(leaf.notAfterMs);
        expect(certificate.validToDate.getTime()).toBeLessThanOrEqual(issuer.validToDate.getTime());
      }
      regionals.add(certificates[1]!.fingerprint256);
    }
    expect(regionals.size).toBe(4); // reissued after about 14 of its 20 days, when it could no longer cover a zonal CA
  });

  it("keeps intermediates while they last, and one instance CA per instance", async () => {
    let nowMs = START;
    const pki = await openSimulatedPki(join(dir, "cache"), { nowMs: () => nowMs });
    const first = pki.issueLeaf(MODULE);
    nowMs += 3 * HOUR;
    const second = pki.issueLeaf(MODULE);
    expect(second.cabundle).toEqual(first.cabundle);
    expect(second.certificate).not.toEqual(first.certificate);
    const other = pki.issueLeaf("i-0000000000000000a-enc0000000000000001");
    expect(other.cabundle.slice(0, 3)).toEqual(first.cabundle.slice(0, 3));
    expect(other.cabundle[3]).not.toEqual(first.cabundle[3]);
    nowMs = START - HOUR; // a clock that went back: what is not yet valid is not used
    expect(() => pki.issueLeaf(MODULE)).toThrow(expect.objectContaining({ code: "pki-root-expired" }));
  });

  it.skipIf(!openssl)("is accepted by openssl, and refused under -x509_strict as AWS's is (the leaf names no issuer key)", async () => {
    const pki = await openSimulatedPki(join(dir, "openssl"), { nowMs: () => START });
    const leaf = pki.issueLeaf(MODULE);
    const [rootFile, middleFile, leafFile] = ["r.pem", "m.pem", "l.pem"].map((name) => join(dir, name)) as [string, string, string];
    await writeFile(rootFile, pki.rootPem);
    await writeFile(middleFile, leaf.cabundle.slice(1).map(toPem).join(""));
    await writeFile(leafFile, toPem(leaf.certificate));
    const verify = (...options: string[]): Promise<string> =>
      run("openssl", ["verify", ...options, "-CAfile", rootFile, "-untrusted", middleFile, leafFile]).then((done) => done.stdout);
    expect(await verify("-attime", at(START))).toContain(": OK");
    expect(await verify("-attime", at(leaf.notAfterMs - 1000))).toContain(": OK");
    await expect(verify("-attime", at(leaf.notAfterMs))).rejects.toThrow("expired");
    await expect(verify("-attime", at(START), "-x509_strict")).rejects.toThrow("Authority Key Identifier");
  });

  it("signs with a high s about half of the time", async () => {
    const pki = await openSimulatedPki(join(dir, "high-s"), { nowMs: () => START });
    const { sign } = pki.issueLeaf(MODULE);
    const highs = Array.from({ length: 64 }, () => sign(new Uint8Array(8))[48]! >= 0x80).filter(Boolean).length;
    expect(highs).toBeGreaterThan(4);
    expect(highs).toBeLessThan(60);
  });

  it("writes DER that is parsed and re-read the same, for any module and time", async () => {
    let nowMs = START;
    const pki = await openSimulatedPki(join(dir, "any"), { nowMs: () => nowMs });
    fc.assert(
      fc.property(hex(17), hex(16), fc.integer({ min: 0, max: 15 * 365 * 86_400 }), (instance, enclave, seconds) => {
        nowMs = START + seconds * 1000;
        const [, , , instanceCertificate, leaf] = chain(pki.issueLeaf(`i-${instance}-enc${enclave}`));
        const issued = Math.floor(nowMs / 1000).toString(16);
        const serial = `${enclave}00000000${issued}`.replace(/^(00)+/, "").toUpperCase();
        expect(leaf!.serialNumber.replace(/^0+/, "")).toBe(serial.replace(/^0+/, ""));
        expect(leaf!.checkIssued(instanceCertificate!)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});

describe("the root on disk", () => {
  it("persists, readable by its owner alone, with its certificate beside it", async () => {
    const home = join(dir, "persist");
    const first = await openSimulatedPki(home, { nowMs: () => START });
    const second = await openSimulatedPki(home, { nowMs: () => START + HOUR });
    expect(second.rootPem).toBe(first.rootPem);
    expect((await stat(join(home, ROOT_KEY_FILE))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(home, ROOT_CERTIFICATE_FILE), "utf8")).toBe(first.rootPem);
    expect((await readdir(home)).toSorted()).toEqual([ROOT_KEY_FILE, ROOT_CERTIFICATE_FILE].toSorted());
    expect(() => createPrivateKey(first.rootPem)).toThrow();
  });

  it("is one, however many start at once", async () => {
    const home = join(dir, "race");
    const opened = await Promise.all(Array.from({ length: 6 }, () => openSimulatedPki(home, { nowMs: () => START })));
    expect(new Set(opened.map((pki) => pki.rootPem)).size).toBe(1);
    expect(await readdir(home)).toHaveLength(2);
  });

  it("is each directory's own", async () => {
    const [a, b] = await Promise.all(["own-a", "own-b"].map((name) => openSimulatedPki(join(dir, name), { nowMs: () => START })));
    expect(a!.rootPem).not.toBe(b!.rootPem);
  });

  it("is refused when others can read it, when it is damaged, foreign, or not of this time", async () => {
    const home = join(dir, "refused");
    const keyFile = join(home, ROOT_KEY_FILE);
    const open = (nowMs = START, region = "sim-local-1"): Promise<unknown> => openSimulatedPki(home, { nowMs: () => nowMs }, { region });
    await open();
    const good = await readFile(keyFile, "utf8");
    await expect(open(START, "Sim")).rejects.toThrow(expect.objectContaining({ code: "pki-region" }));
    await expect(open(Number.NaN)).rejects.toThrow(expect.objectContaining({ code: "pki-clock" }));
    await expect(open(Date.UTC(2050, 0, 1))).rejects.toThrow(expect.objectContaining({ code: "pki-clock" }));
    await chmod(keyFile, 0o644);
    await expect(open()).rejects.toThrow(expect.objectContaining({ code: "pki-root-mode" }));
    await chmod(keyFile, 0o600);
    const other = await openSimulatedPki(join(dir, "refused-other"), { nowMs: () => START });
    const swapped = good.slice(0, good.indexOf("-----BEGIN CERTIFICATE")) + other.rootPem;
    for (const bytes of ["", good.slice(0, 300), "-----BEGIN CERTIFICATE-----", swapped]) {
      await writeFile(keyFile, bytes);
      await expect(open()).rejects.toThrow(expect.objectContaining({ code: "pki-root-file" }));
    }
    await writeFile(join(dir, "file"), "");
    await expect(openSimulatedPki(join(dir, "file"), { nowMs: () => START })).rejects.toThrow(
      expect.objectContaining({ code: "pki-directory" }),
    );
  });

  it("issues for module ids of AWS's form alone", async () => {
    const pki = await openSimulatedPki(join(dir, "ids"), { nowMs: () => START });
    for (const id of ["", "i-1234-enc5678", `${MODULE}\n`, MODULE.toUpperCase()]) {
      expect(() => pki.issueLeaf(id)).toThrow(expect.objectContaining({ code: "pki-module-id" }));
    }
  });
});
