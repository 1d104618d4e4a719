import { writeFile } from "node:fs/promises";

/** What a fake QEMU does beyond answering as QEMU does. */
export interface FakeQemu {
  version?: string;
  machines?: string;
  /** hex of what it sends as heartbeat; null sends nothing */
  heartbeat?: string | null;
  /** exits with this code: before the heartbeat, or after it and the first CONNECT */
  exit?: { when: "at once" | "after a connection"; code: number };
}

/**
 * Writes a program that stands for QEMU with a vsock device beside it. It takes a vhost-user connection as QEMU makes one,
 * writes its arguments to `<file>.json`, prints a console, sends the heartbeat and serves the device's hybrid vsock at `uds`,
 * where port 5000 echoes and every other port is closed.
 */
export async function writeFakeQemu(file: string, uds: string, fake: FakeQemu = {}): Promise<void> {
  const { version = "10.0.2 (Debian 1:10.0.2+ds-2)", machines = MACHINES, heartbeat = "b7", exit = null } = fake;
  const constants = JSON.stringify({ version, machines, heartbeat, exit, uds, report: `${file}.json` });
  await writeFile(file, `#!${process.execPath}\n"use strict";\nconst fake = ${constants};\n${PROGRAM}`, { mode: 0o755 });
}

const MACHINES =
  "Supported machines are:\nmicrovm              microvm (i386)\nnitro-enclave        AWS Nitro Enclave\nnone  empty machine\n";

const PROGRAM = String.raw`
const { writeFileSync } = require("node:fs");
const { connect, createServer } = require("node:net");
const words = process.argv.slice(2);
if (words.includes("--version")) {
  console.log("QEMU emulator version " + fake.version + "\nCopyright (c) 2003-2025 Fabrice Bellard and the QEMU Project developers");
} else if (words[0] === "-machine" && words[1] === "help") {
  process.stdout.write(fake.machines);
} else {
  writeFileSync(fake.report, JSON.stringify({ words, environment: Object.keys(process.env) }));
  const chardev = words[words.indexOf("-chardev") + 1];
  const [, path] = /^socket,id=vsock,path=(.*)$/.exec(chardev);
  const vhost = connect(path.replaceAll(",,", ","));
  vhost.on("error", (error) => {
    console.error("qemu-system-x86_64: -chardev " + chardev + ": Failed to connect: " + error.code);
    process.exit(1);
  });
  vhost.on("connect", () => {
    print("[    0.000000] Linux version 6.12\u001b[31m\u202e");
    if (fake.exit !== null && fake.exit.when === "at once") {
      print("caladrius init: command: cannot read /cmd: was the application ramdisk lost?: No such file or directory (2)");
      for (const line of ["caladrius init: command: the enclave ends", "reboot: Restarting system", "reboot: machine restart"]) print(line);
      process.exit(fake.exit.code);
    }
    beat();
  });
}
function print(line) {
  process.stdout.write(line + "\r\n"); // as the kernel's serial console
}
function beat() {
  const init = connect(fake.uds + "_9000");
  init.on("error", () => process.exit(9));
  if (fake.heartbeat !== null) init.write(Buffer.from(fake.heartbeat, "hex"));
  init.on("data", (bytes) => {
    if (bytes.toString("hex") !== "b7") process.exit(8);
    createServer(serve).listen(fake.uds, () => print("caladrius init: heartbeat: answered"));
  });
}
function serve(socket) {
  socket.on("error", () => socket.destroy());
  socket.once("data", (line) => {
    if (String(line) !== "CONNECT 5000\n") return socket.destroy();
    socket.write("OK 1073741824\n");
    socket.pipe(socket);
    if (fake.exit !== null) setTimeout(() => process.exit(fake.exit.code), 20);
  });
}
`;
