import { defineConfig } from 'vitest/config';

// fast: pure cores and single services. simulation: clusters in virtual time, and planted bugs that must be noticed.
// slow: real processes, one file at a time.
// browser: pages in a headless Chromium, which must be installed; only on request.
// docker: the compose file on a real engine; only on request, as it needs one.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/{unit,conformance,architecture,fuzz}/**/*.spec.ts'],
          setupFiles: ['reflect-metadata'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/{simulation,mutations}/**/*.spec.ts'],
          setupFiles: ['reflect-metadata'],
          fileParallelism: false,
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['test/e2e/**/*.spec.ts'],
          setupFiles: ['reflect-metadata'],
          globalSetup: ['test/e2e/build.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.spec.ts'],
          setupFiles: ['reflect-metadata'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.spec.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
