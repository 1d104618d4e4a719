import type { Command } from "../command.ts";
import { json } from "./options.ts";

/** Enclave images: building, looking at, signing, comparing. */
export const IMAGE_COMMANDS: readonly Command[] = [
  {
    name: "image build",
    summary: "build our image, or one of somebody's container image",
    inputs: "",
    count: [0, 0],
    options: {
      from: {
        value: "PATH",
        about: "docker save archive, OCI layout or archive, or folder with rootfs/ and cmd; without it our own program",
      },
      kernel: { value: "F", about: "bzImage or Image; without it a placeholder that does not boot" },
      init: { value: "F", about: "static process 1; without it ours is compiled; needed with --from" },
      "nsm-module": { value: "F", about: "nsm.ko, for kernels that have the NSM driver as a module" },
      cmdline: { value: "S", about: "kernel command line (default: nitro-cli's)" },
      packages: {
        value: "DIR",
        about: "Debian packages of image/libraries.json, for machines with others (default: $XDG_CACHE_HOME/caladrius/packages)",
      },
      archive: {
        value: "URL",
        about: "root of a Debian archive to fetch them from (default: those of this machine's apt); any will do, digests are held",
        multiple: true,
      },
      offline: { value: null, about: "fetch none of these packages" },
      out: { value: "F.eif", about: "where to write the image", required: true },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: [
      "Prints the measurements as nitro-cli does. The same inputs give the same file, whoever builds, wherever and whenever.",
      "With --from: Cmd is started, or Entrypoint where there is no Cmd, as root in /. Devices, setuid files, another user or working directory are refused.",
      "Its first word has to be a program in the image: a path, or a name in /sbin, /usr/sbin, /bin or /usr/bin, which are all that AWS's init searches.",
    ],
    load: () => import("../commands/image-build.ts"),
  },
  {
    name: "image measure",
    summary: "PCRs of an image, as nitro-cli prints them",
    inputs: "F.eif",
    count: [1, 1],
    options: { json },
    notes: [
      "Reads strictly: a file that two readers could measure differently is refused. A signature is verified. Takes files of any length.",
    ],
    load: () => import("../commands/image-measure.ts"),
  },
  {
    name: "image describe",
    summary: "what an image holds, who signed it, what memory it needs",
    inputs: "F.eif",
    count: [1, 1],
    options: { json },
    notes: [
      "Sections, metadata, measurements, signature, files of the ramdisks. Nothing is compared: `caladrius image verify` does that.",
      "The image is held in memory, up to 2 GiB.",
    ],
    load: () => import("../commands/image-describe.ts"),
  },
  {
    name: "image verify",
    summary: "whether an image is well-formed and the expected one",
    inputs: "F.eif",
    count: [1, 1],
    options: {
      pcr0: { value: "HEX", about: "the whole image: kernel, command line and all ramdisks" },
      pcr1: { value: "HEX", about: "kernel, command line and the boot ramdisk" },
      pcr2: { value: "HEX", about: "the application's ramdisks" },
      pcr8: { value: "HEX", about: "the signing certificate; zeros = unsigned" },
      trust: { value: "FILE", about: "one of this trust file's sets must hold the image's registers" },
      json,
    },
    notes: [
      "Exit code 0 as expected, 10 another image or a signature that does not verify, 30 malformed.",
      "Whether the certificate is somebody's you know tells PCR8 alone.",
    ],
    load: () => import("../commands/image-verify.ts"),
  },
  {
    name: "image sign",
    summary: "sign an image with a P-384 key, as nitro-cli does",
    inputs: "F.eif",
    count: [1, 1],
    options: {
      key: { value: "FILE", about: "private key in PEM (PKCS#8 or SEC1), readable by its owner alone", required: true },
      cert: { value: "FILE", about: "its certificate in PEM; PCR8 will name it", required: true },
      out: { value: "F.eif", about: "where to write the signed image", required: true },
      replace: { value: null, about: "drop a signature that is there" },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: [
      "PCR0, 1 and 2 stay as they are. The image is held in memory, up to 2 GiB.",
      "A key that others may read is refused: chmod 600.",
    ],
    load: () => import("../commands/image-sign.ts"),
  },
  {
    name: "image run",
    summary: "boot an image in QEMU's nitro-enclave machine",
    inputs: "",
    count: [0, 0],
    options: {
      qemu: { value: "PATH", about: "qemu-system-x86_64, version 9.2 or newer, built with libcbor and gnutls", required: true },
      eif: { value: "F.eif", about: "the image", required: true },
      vsock: { value: "SOCKET", about: "vhost-user socket of a vsock device, which must be running", required: true },
      uds: {
        value: "SOCKET",
        about: "that device's socket for the host: port 5000 is serve, the guest's port N is SOCKET_N",
        required: true,
      },
      memory: { value: "MB", about: "memory of the enclave (default: what the image needs, at least 512)" },
      json,
    },
    notes: [
      "Answers the heartbeat, shows the console on stderr, and ends when the enclave does (exit code 3) or on Ctrl-C.",
      "QEMU's attestation documents are unsigned and stay refused: this shows that an image boots, not who runs it.",
      'With --json it prints one line when booted: {"enclave":SOCKET,"pid":N,"memoryMiB":N}. docs/BOOT.md tells how to set it up.',
    ],
    load: () => import("../commands/image-run.ts"),
  },
  {
    name: "image diff",
    summary: "what differs between two images, in a few lines",
    inputs: "A.eif B.eif",
    count: [2, 2],
    options: { json },
    notes: [
      "Exit code 0 when both have the same measurements, 10 when they differ, or when the same measured bytes are divided into sections otherwise.",
      "Images of others are read as well. One that hardware would refuse for its checksum, metadata or signature is compared, and that is said.",
    ],
    load: () => import("../commands/image-diff.ts"),
  },
  {
    name: "image explain",
    summary: "what differs between two images, and what has to follow",
    inputs: "A.eif B.eif",
    count: [2, 2],
    options: {
      trust: { value: "FILE", about: "trust file: which of its sets accept A, B or both", multiple: true },
      html: { value: "FILE", about: "write it as one HTML page as well, for a reviewer" },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: [
      "Sections, files, packages, registers; key policies, trust files and approvals that have to follow, and what need not.",
      "Packages are what the images' own manifests say, held against the files in them.",
      "Exit code as for `image diff`.",
    ],
    load: () => import("../commands/image-explain.ts"),
  },
  {
    name: "image sbom",
    summary: "bill of materials of an image of ours (CycloneDX 1.6)",
    inputs: "F.eif",
    count: [1, 1],
    options: {
      out: { value: "FILE", about: "write it here instead of to stdout" },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: ["npm packages, Debian libraries, Node and the program's source with SHA-256. The same image gives the same bytes."],
    load: () => import("../commands/image-sbom.ts"),
  },
];
