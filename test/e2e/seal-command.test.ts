import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runTsdb } from '../helpers/cli.ts'
import { startTestServer } from '../helpers/server.ts'

const HOUR_S = 1_699_999_200
let dataDir: string
let server: Awaited<ReturnType<typeof startTestServer>>

beforeAll(async () => {
  dataDir = await mkdtemp(`${tmpdir()}/tsdb-seal-`)
  server = await startTestServer({ dataDir, batchWindowMs: 20 })
  await put(HOUR_S, 3)
  await put(HOUR_S + 3600, 2)
})
afterAll(async () => {
  await server.close()
  await rm(dataDir, { recursive: true })
})

async function put(baseTime: number, hosts: number): Promise<void> {
  const points = Array.from({ length: hosts }, (_, i) => ({
    metric: 'm',
    timestamp: baseTime + i,
    value: i,
    tags: { host: `h${i}` },
  }))
  const answer = await fetch(`${server.url}/api/put?sync`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(points),
  })
  expect(answer.status).toBe(204)
}

async function ask(): Promise<unknown> {
  const answer = await fetch(`${server.url}/api/query?start=${HOUR_S}&end=${HOUR_S + 7200}&m=sum:m`)
  return answer.json()
}

const tsdb = (...args: string[]) => runTsdb(['seal', '--data', dataDir, ...args])

test('seals one hour, then the others, prints what it did, and changes no answer', async () => {
  const before = await ask()
  const one = await tsdb('--hour', String(HOUR_S + 1800))
  expect(one).toMatchObject({ status: 0, stderr: '' })
  expect(one.stdout).toMatch(/^2023\/11\/14-22:00 shelf \d: sealed: 3 rows, 3 points, \d+ -> \d+ bytes\n/)
  expect(one.stdout).toContain('Sealed 1 shelf-hour: 3 rows, 3 points\n')
  expect(await ask()).toEqual(before)
  expect((await tsdb('--until', String(HOUR_S + 7199))).stdout).toBe('Sealed 0 shelf-hours: 0 rows, 0 points\n')
  expect((await tsdb('--until', String(HOUR_S + 7200))).stdout).toContain('2023/11/14-23:00')
  expect((await tsdb()).stdout).toBe('Sealed 0 shelf-hours: 0 rows, 0 points\n')
  expect(await ask()).toEqual(before)
})

test('does not wait with late points', async () => {
  await put(HOUR_S, 4)
  const late = await tsdb()
  expect(late.stdout).toContain('Sealed 1 shelf-hour: 4 rows, 4 points')
  expect(JSON.stringify(await ask())).toContain(`"${HOUR_S + 3}":`)
})

test('adds to the figures of /api/stats', async () => {
  const stats = async () => {
    const answer = await fetch(`${server.url}/api/stats`)
    const list = (await answer.json()) as { metric: string; value: string }[]
    return Object.fromEntries(list.map(({ metric, value }) => [metric, Number(value)]))
  }
  const before = await stats()
  expect(before['tsd.seal.hours']).toBeGreaterThan(0)
  await put(HOUR_S + 7200, 3)
  await tsdb()
  const after = await stats()
  const grown = (name: string) => (after[`tsd.seal.${name}`] ?? 0) - (before[`tsd.seal.${name}`] ?? 0)
  expect(['hours', 'late_hours', 'rows', 'points'].map(grown)).toEqual([1, 0, 3, 3])
  expect([grown('block_bytes') > 0, grown('row_bytes') > 0, after['tsd.seal.lag_ms']]).toEqual([true, true, 0])
})

test('refuses hours that are not over, two ways to name them, and no time at all', async () => {
  expect(await tsdb('--hour', 'now')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/can't be sealed before/),
  })
  expect(await tsdb('--hour', '1', '--until', '2')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/exclude/),
  })
  expect(await tsdb('--hour', 'soon')).toMatchObject({ status: 2, stderr: expect.stringMatching(/Invalid time/) })
})

test('says where nothing runs, or nothing is stored', async () => {
  const nowhere = await runTsdb(['seal', '--data', `${dataDir}/elsewhere`])
  expect(nowhere).toMatchObject({ status: 2, stderr: expect.stringContaining('No npm start is running') })
  const other = await mkdtemp(`${tmpdir()}/tsdb-seal-`)
  const empty = await startTestServer({ dataDir: other })
  expect(await runTsdb(['seal', '--data', other])).toMatchObject({ status: 0, stdout: 'Nothing is stored yet\n' })
  await empty.close()
  expect(existsSync(`${other}/running.json`)).toBe(false)
  await rm(other, { recursive: true })
})
