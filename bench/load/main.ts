// npm run load -- [--minutes N | --seconds N] [--overload] [--rate POINTS] [--queries N]
import { parseArgs } from 'node:util'
import { machine } from '../report.ts'
import type { ThreadHealth } from './probe.ts'
import { overloadRun, steadyRun } from './run.ts'
import { startLoadServer } from './server.ts'
import type { Interval } from './steady.ts'
import { Tally } from './tally.ts'
import { memoryOf, overloadFaults, steadyFaults } from './verdict.ts'

const USAGE = `usage: npm run load -- [--minutes N | --seconds N] [--overload] [--rate POINTS] [--queries N]
  --minutes, --seconds  how long, 1 minute by default
  --overload            ten times what the server takes instead of a steady load; 20 seconds by default
  --rate                points a second of the steady load, 1000 by default
  --queries             queries a second, 4 by default`

const METRICS = 20
/** Lines of a report at most, about. */
const LINES = 30
const MOST_S = 24 * 3600
const CAPACITY_S = 5
const MEMORY = { flat: 'flat', grows: 'grows', unknown: 'a run of less than ten minutes says nothing of it' }

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string' },
    queries: { type: 'string' },
    overload: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
const seconds = values.seconds ?? (values.minutes === undefined ? undefined : Number(values.minutes) * 60)
const options = {
  seconds: whole(seconds, values.overload ? 20 : 60, MOST_S),
  hosts: Math.ceil(whole(values.rate, 1000, 100_000) / METRICS),
  queries: whole(values.queries, 4, 1000),
}
if (values.help || Object.values(options).some(Number.isNaN)) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  process.exitCode = values.overload ? await overload() : await steady()
}

function whole(given: string | number | undefined, otherwise: number, most: number): number {
  const value = given === undefined ? otherwise : Number(given)
  return value > 0 && value <= most ? Math.ceil(value) : Number.NaN
}

/** @returns the exit code */
async function steady(): Promise<number> {
  const server = await startLoadServer()
  try {
    say(machine())
    say(heading())
    const intervalS = Math.max(1, Math.ceil(options.seconds / LINES))
    const result = await steadyRun(
      server,
      { hosts: options.hosts, metrics: METRICS },
      {
        seconds: options.seconds,
        queriesPerSecond: options.queries,
        intervalS,
        onInterval: (interval) => say(line(interval)),
      },
    )
    const [puts, queries] = [new Tally(), new Tally()]
    for (const interval of result.intervals) {
      puts.merge(interval.puts)
      queries.merge(interval.queries)
    }
    say('')
    say(`puts       ${summary(puts)}`)
    say(`queries    ${summary(queries)}`)
    const { acknowledged, lost, wrong, waitedMs } = result.verdict
    say(`points     ${acknowledged} acknowledged, ${lost} lost, ${wrong} wrong; reading them all took ${ms(waitedMs)}`)
    say(`memory     ${MEMORY[memoryOf(result.intervals)]}`)
    say(threadsText(result.intervals.at(-1)?.health?.threads ?? []))
    return verdict(steadyFaults(result), server.said())
  } finally {
    await server.close()
  }
}

/** @returns the exit code */
async function overload(): Promise<number> {
  const server = await startLoadServer()
  try {
    say(machine())
    const fleet = { hosts: options.hosts, metrics: METRICS }
    const result = await overloadRun(server, fleet, { capacitySeconds: CAPACITY_S, seconds: options.seconds })
    const { puts, queries, verdict: points } = result
    say(`takes      ${Math.round(result.capacity)} requests of ${METRICS} points a second`)
    say(`was sent   ${Math.round(result.offered)} a second for ${options.seconds} s; ${result.notSent} more were due`)
    say(`puts       ${puts.statusText()}; ${times(puts)}`)
    say(`queries    ${queries.statusText()}; ${times(queries)}`)
    say(`memory     ${Math.round(result.mostRssMb)} MB at most`)
    say(`recovered  ${result.recoveredMs === undefined ? 'not in time' : `after ${ms(result.recoveredMs)}`}`)
    say(`points     ${points.acknowledged} acknowledged, ${points.lost} lost, ${points.wrong} wrong`)
    return verdict(overloadFaults(result), server.said())
  } finally {
    await server.close()
  }
}

function verdict(faults: readonly string[], said: string): number {
  for (const fault of faults) say(`FAULT: ${fault}`)
  if (faults.length > 0 && said !== '') say(`The server said, at the end:\n${said}`)
  say(faults.length === 0 ? 'OK' : 'FAILED')
  return faults.length === 0 ? 0 : 1
}

function heading(): string {
  return [
    '     s',
    'points/s',
    'puts/s',
    ' p50 ms',
    '    p99',
    '    max',
    ' queries/s',
    ' p50 ms',
    '    p99',
    ' errors',
    ' RSS MB',
    'gateway',
    'threads',
    'loop ms',
  ].join(' ')
}

function line({ fromS, seconds, puts, queries, health, loopDelayMs }: Interval): string {
  const per = Math.max(1, seconds)
  const cells: [number, number, number][] = [
    [fromS + seconds, 6, 0],
    [puts.points / per, 8, 0],
    [puts.count / per, 6, 1],
    [puts.times.percentile(0.5), 7, 1],
    [puts.times.percentile(0.99), 7, 1],
    [puts.times.most, 7, 0],
    [queries.count / per, 10, 1],
    [queries.times.percentile(0.5), 7, 1],
    [queries.times.percentile(0.99), 7, 1],
    [puts.countBut(200, 204) + queries.countBut(200), 7, 0],
    [health?.rssMb ?? Number.NaN, 7, 0],
    [health?.heapMb ?? Number.NaN, 7, 0],
    [health?.threads.reduce((sum, { mb }) => sum + mb, 0) ?? Number.NaN, 7, 0],
    [loopDelayMs, 7, 0],
  ]
  return cells
    .map(([value, width, digits]) => (Number.isNaN(value) ? '-' : value.toFixed(digits)).padStart(width))
    .join(' ')
}

/** What the heaps of threads of each name took in the end, the largest first. */
function threadsText(threads: readonly ThreadHealth[]): string {
  const byName = new Map<string, { count: number; mb: number }>()
  for (const { name, mb } of threads) {
    const sum = byName.get(name) ?? { count: 0, mb: 0 }
    byName.set(name, { count: sum.count + 1, mb: sum.mb + mb })
  }
  return [...byName]
    .map(([name, sum]) => ({ name, ...sum }))
    .sort((a, b) => b.mb - a.mb)
    .map(({ name, count, mb }) => `           ${Math.round(mb).toString().padStart(5)} MB in ${count} of ${name}`)
    .join('\n')
}

function summary(tally: Tally): string {
  return `${tally.count}: ${tally.statusText()}; ${times(tally)}`
}

function times({ times: histogram }: Tally): string {
  const [half, most, nearlyAll] = [0.5, 0.95, 0.99].map((part) => ms(histogram.percentile(part)))
  return `p50 ${half}, p95 ${most}, p99 ${nearlyAll}, at most ${ms(histogram.most)}`
}

function ms(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
