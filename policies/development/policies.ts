/**
 * Cedar policies for development, and a beginning for others: what the bundle's own rules admit is permitted, with a grant
 * wherever it is not care.
 */
export const DEVELOPMENT_POLICIES = `// The bundle's rules for purposes, levels, detectors, grants and devices hold beside these policies: both must allow a job.

@id("care")
permit (principal, action == Action::"analyse", resource)
when { context.care };

@id("not-care")
permit (principal, action == Action::"analyse", resource)
unless { context.care };

@id("emergencies")
permit (
  principal,
  action in [Action::"openEmergency", Action::"listEmergencies", Action::"answerEmergency"],
  resource
);

@id("payment-sees-no-signals")
forbid (principal, action == Action::"analyse", resource)
when { context.purpose == "HPAYMT" && context.levels.contains("full") };

@id("replayed-recordings-are-for-care")
forbid (principal, action == Action::"analyse", resource)
when { context has device && context.device.flags.contains("device-replay") }
unless { context.care };
`;
