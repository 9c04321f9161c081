import { defineConfig } from 'vitest/config'

/** The UI in a real Chromium, by `npm run test:browser`. Apart from `npm test`, since not every machine has a browser. */
export default defineConfig({
  test: {
    include: ['test/browser/*.browser.ts'],
    reporters: ['default', './test/helpers/summary-reporter.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000, interval: 100 } },
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  },
})
