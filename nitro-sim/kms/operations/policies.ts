import { demandNotDeleting, type Call } from "../call.ts";
import { KmsServiceError } from "../errors.ts";
import { bypassCondition, demandNoLockout, POLICY_RULE } from "./keys.ts";
import type { Operation } from "./operation.ts";

/** Operations on key policies. A key has one, named `default`. */
export const POLICY_OPERATIONS: Readonly<Record<string, Operation>> = {
  GetKeyPolicy: {
    run: (call) => {
      const key = call.key("KeyId", { aliasAllowed: false });
      call.authorize(key);
      demandPolicyName(call);
      return { Policy: key.policy, PolicyName: POLICY_NAME };
    },
  },
  PutKeyPolicy: {
    run: (call) => {
      const policy = call.input.requiredText("Policy", POLICY_RULE);
      const key = call.key("KeyId", { aliasAllowed: false });
      call.authorize(key, bypassCondition(call));
      demandPolicyName(call);
      demandNotDeleting(key);
      demandNoLockout(call, key, policy);
      call.store.setPolicy(key.id, policy);
      return null;
    },
  },
  ListKeyPolicies: {
    run: (call) => {
      const key = call.key("KeyId", { aliasAllowed: false });
      call.authorize(key);
      return { PolicyNames: [POLICY_NAME], Truncated: false };
    },
  },
};

function demandPolicyName({ input }: Call): void {
  const name = input.text("PolicyName", { max: 128, pattern: /^\w+$/ }) ?? POLICY_NAME;
  if (name !== POLICY_NAME) throw new KmsServiceError("NotFoundException", `No such policy exists: ${name}`);
}

const POLICY_NAME = "default";
