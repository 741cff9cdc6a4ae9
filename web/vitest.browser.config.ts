// Tests that drive the page in Chromium; `npm test` runs those that need none.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    // One browser at a time: the machine may be small.
    fileParallelism: false,
  },
});
