# The enclave's application image. What is measured is made by image/ alone; this file only gives it a known Debian with
# npm 11, dpkg and a C compiler. Nothing of the base goes into the image but libraries that are equal to image/libraries.json.
#
#   docker build -t caladrius .                                    the program's files, as the application ramdisk holds them
#   docker build --target measurements -o out .                    PCR0, PCR1, PCR2, caladrius.eif and init
#   buildah build --build-arg BASE=localhost/my-debian-12 .        on another Debian 12; PCR2 is the same

ARG BASE=docker.io/library/node:24.21.0-bookworm@sha256:6dac556d980b7f0e5498d08f08cee0ca67798b4ad6c23964a9214920e67758d0

# Two stages may use a network. This one: the packages of the lock file, each under its hash, without running their scripts.
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

# And this one, where the base has other libraries: the Debian packages that libraries.json names, each checked by SHA-256.
FROM packages AS libraries
COPY attestation-verifier attestation-verifier
COPY enclave enclave
COPY image image
COPY policies policies
COPY wire wire
RUN node_modules/.bin/node image/export.ts --fetch-only --strict --packages /packages

# Needs no network: `unshare --net buildah build …` shows it, over a base that has the packages.
FROM libraries AS build
RUN node_modules/.bin/node image/export.ts --strict --packages /packages /out

FROM scratch AS measurements
COPY --from=build /out/measurements.json /out/caladrius.eif /out/init /

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
  "--max-semi-space-size=16", "--v8-pool-size=1", \
  "/app/enclave.mjs", \
  "--cedar", "/app/cedar_wasm_bg.wasm", \
  "--nsm", "/run/caladrius/nsm", \
  "--serve", "/run/caladrius/serve", \
  "--kms", "/run/caladrius/kms" \
]
