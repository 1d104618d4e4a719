import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["*/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**"],
    maxWorkers: 3, // many tests wait for other processes
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: { provider: "v8", include: ["wire/**/*.ts", "attestation-verifier/**/*.ts"], exclude: ["**/*.test.ts"] },
  },
});
export default config;
