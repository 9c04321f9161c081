import { cpus } from 'node:os'

/** A number that a benchmark found. */
export interface Figure {
  readonly bench: string
  /** The workload, by its name in bench/cases.ts. */
  readonly case: string
  readonly metric: string
  readonly value: number
  readonly unit: string
}

/** Takes figures as they are found. */
export type Report = (figure: Figure) => void

/** One JSON object a line, for programs. */
export function jsonReport(figure: Figure): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`)
}

/** Aligned columns under a line that names the machine, for people; the figures are worth little without it. */
export function tableReport(): Report {
  let heading = ''
  return ({ bench, case: name, metric, value, unit }) => {
    if (heading === '') process.stdout.write(`${machine()}\n`)
    if (heading !== `${bench} ${name}`) {
      heading = `${bench} ${name}`
      process.stdout.write(`\n${heading}\n`)
    }
    process.stdout.write(`  ${metric.padEnd(48)} ${shown(value).padStart(14)} ${unit}\n`)
  }
}

/** The machine that figures were taken on, and when. */
export function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor'
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} x ${model}`
}

function shown(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 2 : 3
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
