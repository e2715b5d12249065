import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // The files share no state, so one set of modules serves them all: half the CPU time.
    pool: "threads",
    isolate: false,
    coverage: { provider: "v8", include: ["server/src/**", "client/src/format.ts"], exclude: ["server/src/main.ts"] },
  },
});
