// npm run faults -- [--seed N] [--runs N] | --breaks [--runs N] | --kill N
import { parseArgs } from 'node:util'
import { BREAKS } from './breaks.ts'
import { Handlers } from './instances.ts'
import { killOften } from './kill.ts'
import { addRun, describe, newTotals } from './report.ts'
import { runSeed } from './run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '20' },
    breaks: { type: 'boolean', default: false },
    kill: { type: 'string' },
  },
})
/** Runs between two lines of a log. */
const LOG_EVERY = 50

const seed = wholeNumber('seed', values.seed)
const runs = wholeNumber('runs', values.runs)
if (values.kill !== undefined) process.exit(await kill(wholeNumber('kill', values.kill)))
process.exit(values.breaks ? await findBreaks() : await findFaults())

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  console.error(`--${name} must be a whole number, it is ${text}`)
  process.exit(2)
}

/** Plays seeded runs. @returns the exit status: 1 where one has a violation */
async function findFaults(): Promise<number> {
  const handlers = await Handlers.bundle()
  const totals = newTotals()
  const begun = performance.now()
  for (let i = 0; i < runs; i++) {
    addRun(totals, await runSeed(seed + i, handlers))
    sayProgress(i + 1, totals.violations.size)
  }
  console.log(`${describe(totals)}\nseconds      ${Math.round((performance.now() - begun) / 1000)}`)
  return totals.violations.size > 0 ? 1 : 0
}

/** On a terminal on one line, in a log now and then. */
function sayProgress(done: number, violated: number): void {
  const text = `${done} of ${runs} runs, ${violated} with violations`
  if (process.stderr.isTTY) process.stderr.write(`\r${text}${done === runs ? '\n' : ''}`)
  else if (done % LOG_EVERY === 0 && done < runs) process.stderr.write(`${text}\n`)
}

/** Breaks the code in every way that breaks.ts knows, and plays until it is found. @returns 1 where one is not */
async function findBreaks(): Promise<number> {
  let unfound = 0
  for (const broken of BREAKS) {
    const handlers = await Handlers.bundle(broken)
    let found: string | undefined
    let tried = 0
    while (found === undefined && tried < runs) [found] = (await runSeed(seed + tried++, handlers)).violations
    if (found === undefined) unfound++
    console.log(
      `${broken.name}: ${found === undefined ? `not found in ${tried} runs` : `found in run ${tried}: ${found}`}`,
    )
  }
  return unfound > 0 ? 1 : 0
}

async function kill(times: number): Promise<number> {
  const { points, sentAgain, violations } = await killOften(times, seed, (line) => console.log(line))
  const again = `${sentAgain} records that looked like killers sent again`
  console.log(`${times} times killed, ${points} points acknowledged, ${again}, ${violations.length} violations`)
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`)
  return violations.length > 0 ? 1 : 0
}
