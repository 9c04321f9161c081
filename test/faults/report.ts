import type { RunReport } from './run.ts'

/** What many runs came to. */
export interface Totals {
  runs: number
  calls: number
  acknowledged: number
  readonly faults: Map<string, number>
  /** By seed. */
  readonly violations: Map<number, readonly string[]>
}

export function newTotals(): Totals {
  return { runs: 0, calls: 0, acknowledged: 0, faults: new Map(), violations: new Map() }
}

export function addRun(totals: Totals, { seed, calls, acknowledged, faults, violations }: RunReport): void {
  totals.runs++
  totals.calls += calls
  totals.acknowledged += acknowledged
  for (const [kind, count] of faults) totals.faults.set(kind, (totals.faults.get(kind) ?? 0) + count)
  if (violations.length > 0) totals.violations.set(seed, violations)
}

/** The report as people read it. */
export function describe({ runs, calls, acknowledged, faults, violations }: Totals): string {
  const number = (value: number) => value.toLocaleString('en-US').padStart(12)
  const kinds = [...faults].sort(([, a], [, b]) => b - a)
  const lines = [
    `runs         ${number(runs)}`,
    `calls        ${number(calls)}`,
    `acknowledged ${number(acknowledged)} points`,
    `faults       ${number(kinds.reduce((sum, [, count]) => sum + count, 0))}`,
    ...kinds.map(([kind, count]) => `             ${number(count)} ${kind}`),
    `violations   ${number(violations.size)} runs`,
  ]
  for (const [seed, list] of violations) {
    lines.push(
      `  npm run faults -- --seed ${seed} --runs 1`,
      ...list.slice(0, 10).map((violation) => `    ${violation}`),
    )
  }
  return lines.join('\n')
}
