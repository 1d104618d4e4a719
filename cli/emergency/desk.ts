import { EmergencyDesk, SubmitError, type KnownEmergency } from "@caladrius/client";
import { meaningOf } from "../outcomes.ts";

/** The desk, whose denials say what their code means: who is denied at night has no time to look it up. */
export class PlainDesk extends EmergencyDesk {
  override open(about: Parameters<EmergencyDesk["open"]>[0]): Promise<KnownEmergency> {
    return super.open(about).catch(explain);
  }
  override list(): Promise<KnownEmergency[]> {
    return super.list().catch(explain);
  }
  override answer(known: KnownEmergency, approval: Uint8Array | null): Promise<KnownEmergency> {
    return super.answer(known, approval).catch(explain);
  }
}

function explain(error: unknown): never {
  const denial = error instanceof SubmitError && error.code === "emergency-denied" ? error.detail : null;
  const meaning = denial === null ? null : meaningOf(denial);
  throw meaning === null ? error : new SubmitError("emergency-denied", `${denial}; ${meaning}`);
}
