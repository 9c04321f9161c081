import type { Stat } from './stats.ts'

/** Figures as OpenTSDB's old /stats and its telnet command write them: an import line each. */
export function statsLines(stats: readonly Stat[]): string[] {
  return stats.map(({ metric, timestamp, value, tags }) => {
    const pairs = Object.entries(tags).map(([tagk, tagv]) => ` ${tagk}=${tagv}`)
    return `${metric} ${timestamp} ${value}${pairs.join('')}`
  })
}

/**
 * Figures in the text format of Prometheus, version 0.0.4.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function prometheusText(stats: readonly Stat[]): string {
  const byName = new Map<string, string[]>()
  for (const { metric, value, tags } of stats) {
    const name = metric.replace(/[^A-Za-z0-9_:]/g, '_')
    const labels = Object.entries(tags).map(([tagk, tagv]) => `${tagk}="${tagv.replace(/[\\"\n]/g, escaped)}"`)
    const lines = byName.get(name) ?? []
    lines.push(`${name}{${labels.join()}} ${value}`)
    byName.set(name, lines)
  }
  // all samples of a metric stand together, behind their type
  return [...byName].flatMap(([name, lines]) => [`# TYPE ${name} untyped`, ...lines, '']).join('\n')
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
