import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line that a person and a script can read: `N passed, N failed[, N skipped]`. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      // a file that can't even be loaded has no tests, and must not count as nothing
      tally.failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        tally[state === 'pending' ? 'skipped' : state]++
      }
    }
    const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''
    // other reporters print at the end too; this one's line comes last
    process.once('exit', () => console.log(`${tally.passed} passed, ${tally.failed} failed${skipped}`))
  }
}
