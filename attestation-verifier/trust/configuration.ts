import { ConfigurationError } from "@caladrius/wire";
import { Refusal } from "../verdict/refusal.ts";

/** Runs a check of what the operator wrote: its refusals become the error for which the operator must act. */
export function asConfiguration<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof Refusal ? new ConfigurationError(error.code, error.message) : error;
  }
}
