// Says in one sentence that this needs Node 24, before TypeScript or node:sqlite fail in a less readable way.
const major = Number.parseInt(process.versions.node, 10);
if (major < 24) {
  console.error(
    `Caladrius needs Node 24 or newer and this is Node ${process.versions.node}: ` +
      "run `npm ci` in the project's folder (on Linux x64 and arm64 it brings its own Node 24) and start scripts through npm, or install Node 24.",
  );
  process.exit(1);
}
