import { decide, type Decision } from "@caladrius/policies";
import type { Enclave } from "../boot/boot.ts";
import type { TimeInterval } from "../boot/clock.ts";
import type { OpenedJob } from "../open/open-job.ts";

/** Decides on an opened job. A request that did not verify learns nothing but that it was denied. */
export function authorize(enclave: Enclave, job: OpenedJob, interval: TimeInterval): Decision {
  if (!job.verified) return { allowed: false, code: "denied" };
  return decide({
    bundle: enclave.bundle,
    constitution: enclave.constitution,
    statusList: enclave.status.list,
    submitterThumbprint: job.submitterThumbprint,
    request: job.request,
    deviceSigned: job.deviceSigned,
    interval,
  });
}
