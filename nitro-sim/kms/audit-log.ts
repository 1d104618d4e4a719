import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { AuditEvent } from "./recipient/index.ts";

/** Appends records to a file, one JSON object a line. */
export class AuditLog {
  readonly path: string;
  readonly #file: number;

  /** Opens the file, makes it (0600) where there is none, and ends a line that a kill left half written. */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "a+", 0o600);
    const { size } = fstatSync(this.#file);
    const last = Buffer.alloc(1);
    if (size > 0 && readSync(this.#file, last, 0, 1, size - 1) === 1 && last.toString() !== "\n") writeSync(this.#file, "\n");
  }

  /** Hands one record to the system before it returns: a kill of this process loses none, a power cut may. */
  append(event: AuditEvent): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`, "utf8");
    for (let at = 0; at < line.length;) at += writeSync(this.#file, line, at);
  }

  close(): void {
    closeSync(this.#file);
  }
}
