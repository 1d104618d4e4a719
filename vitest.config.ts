import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["*/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**"],
    setupFiles: ["test/seed.ts"],
    maxWorkers: 3, // many tests wait for other processes
    testTimeout: 180_000, // on a busy machine, stories of several processes take their time
    hookTimeout: 180_000,
    coverage: {
      provider: "v8",
      include: ["wire/**/*.ts", "attestation-verifier/**/*.ts"],
      exclude: ["**/*.test.ts", "**/generate/**", "**/hostile/**"],
      thresholds: { lines: 100, branches: 100, functions: 100, statements: 100 },
    },
  },
});
export default config;
