// One half of a benchmark: @evervault/attestation-bindings in a process of its own, whose clock the parent has moved.
// First message: what to verify; the answer is null, or why it cannot be timed. Further ones: how many calls to time.
import { Cannot } from "./adapter.mjs";
import { prepare } from "./evervault-native.mjs";

let judge;
process.on("message", (question) => process.send(judge === undefined ? open(question) : time(question.calls)));

function open(task) {
  try {
    const made = prepare(task);
    if (!made()) return "it does not accept this document";
    judge = made;
    return null;
  } catch (error) {
    if (error instanceof Cannot) return error.message;
    throw error;
  }
}

function time(calls) {
  const wallUs = [];
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) {
    const began = performance.now();
    judge();
    wallUs.push((performance.now() - began) * 1000);
  }
  const { user, system } = process.cpuUsage(before);
  return { wallUs, cpuUs: user + system };
}
