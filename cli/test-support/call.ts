import { runCommand } from "../main.ts";

/** Runs one command of this program and keeps what it prints. */
export async function call(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    isTTY: false,
    write: (text: string | Uint8Array): boolean => {
      written[name] += String(text);
      return true;
    },
  });
  const code = await runCommand(words, { stdout: stream("stdout"), stderr: stream("stderr"), environment: {} });
  return { code, ...written };
}
