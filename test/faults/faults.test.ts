import { expect, test } from 'vitest'
import { BREAKS, breakIn } from './breaks.ts'
import { Handlers } from './instances.ts'
import { killOften } from './kill.ts'
import { addRun, newTotals } from './report.ts'
import { runSeed } from './run.ts'

// `npm run faults` plays more of the same; a violation says which seed plays it again.

test('whatever goes wrong with requests and whoever dies, nothing is lost, doubled or hidden; a seed plays the same run again', async () => {
  const handlers = await Handlers.bundle()
  const totals = newTotals()
  addRun(totals, await runSeed(1, handlers))
  const first = await runSeed(2, handlers)
  addRun(totals, first)
  expect([...totals.violations]).toEqual([])
  expect(totals.faults.size).toBeGreaterThan(5)
  expect(totals.acknowledged).toBeGreaterThan(20)
  expect(await runSeed(2, handlers)).toEqual(first)
}, 300_000)

// The others take more runs: npm run faults -- --breaks
test('the runs find it where the code is broken: what a PutRecords refused is taken for being on the stream', async () => {
  const handlers = await Handlers.bundle(BREAKS.find(({ name }) => name === 'failed records'))
  const violations: string[] = []
  for (let seed = 1; violations.length === 0 && seed < 10; seed++) {
    violations.push(...(await runSeed(seed, handlers)).violations)
  }
  expect(violations).not.toEqual([])
}, 300_000)

test('every break is one of the code as it is', () => {
  for (const broken of BREAKS) expect(() => breakIn(broken)).not.toThrow()
})

test('a server that is killed under load twice has everything that it acknowledged, once', async () => {
  const { points, violations } = await killOften(2, 1, () => {})
  expect(violations).toEqual([])
  expect(points).toBeGreaterThan(1)
}, 300_000)
