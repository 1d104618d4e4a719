import { runCommand } from "../main.ts";

/** What a command ended with and printed. */
interface Called {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs one command of this program and keeps what it prints. */
export function call(...words: string[]): Promise<Called> {
  return callOn(false, words);
}

/** The same as on a terminal. */
export function callOnTerminal(...words: string[]): Promise<Called> {
  return callOn(true, words);
}

async function callOn(isTTY: boolean, words: readonly string[]): Promise<Called> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    isTTY,
    write: (text: string | Uint8Array): boolean => {
      written[name] += String(text);
      return true;
    },
  });
  const code = await runCommand(words, { stdout: stream("stdout"), stderr: stream("stderr"), environment: {} });
  return { code, ...written };
}
