# The enclave's application image. What is measured is made by image/ alone; this file only gives it a known Debian,
# whose libraries go into the image, and a C compiler.
#
#   docker build -t caladrius .                                    the program's files, as the application ramdisk holds them
#   docker build --target measurements -o out .                    PCR0, PCR1, PCR2 and caladrius.eif
#   buildah build --build-arg BASE=localhost/my-debian-12 .        on another Debian 12 with npm 11 and gcc (PCR2 then follows its libraries)

ARG BASE=docker.io/library/node:24.21.0-bookworm@sha256:6dac556d980b7f0e5498d08f08cee0ca67798b4ad6c23964a9214920e67758d0

# The one stage with a network: the packages of the lock file, each under its hash, without running their scripts.
FROM ${BASE} AS packages
WORKDIR /caladrius
COPY package.json package-lock.json .npmrc ./
COPY attestation-verifier/package.json attestation-verifier/
COPY bench/package.json bench/
COPY cli/package.json cli/
COPY client/package.json client/
COPY enclave/package.json enclave/
COPY host/package.json host/
COPY image/package.json image/
COPY nitro-sim/package.json nitro-sim/
COPY pages/package.json pages/
COPY policies/package.json policies/
COPY test/package.json test/
COPY wire/package.json wire/
RUN npm ci --omit=dev --ignore-scripts

FROM packages AS build
COPY attestation-verifier attestation-verifier
COPY enclave enclave
COPY image image
COPY policies policies
COPY wire wire
# Needs no network (`--network none` shows it, once the packages are there).
RUN node_modules/.bin/node image/export.ts /out

FROM scratch AS measurements
COPY --from=build /out/measurements.json /out/caladrius.eif /

FROM scratch
COPY --from=build /out/rootfs /
ENV TZ=UTC LC_ALL=C MALLOC_ARENA_MAX=2 UV_THREADPOOL_SIZE=1
CMD [ \
  "/usr/bin/node", \
  "--permission", \
  "--allow-fs-read=/app/", \
  "--frozen-intrinsics", \
  "--disallow-code-generation-from-strings", \
  "--disable-sigusr1", \
  "--no-addons", \
  "--disable-warning=ExperimentalWarning", \
  "--stack-trace-limit=0", \
  "--max-old-space-size=256", \
  "--max-semi-space-size=16", \
  "/app/enclave.mjs", \
  "--nsm", "/run/caladrius/nsm", \
  "--serve", "/run/caladrius/serve", \
  "--kms", "/run/caladrius/kms" \
]
