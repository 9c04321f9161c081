import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { functionEnvironment } from '../../local/functions/environment.ts'
import { FunctionPool } from '../../local/functions/pool.ts'
import { createLog } from '../../local/log.ts'
import { LOCAL_CONTEXT, type LocalServer } from '../../local/server.ts'
import { synthesise } from '../../local/synth.ts'
import { type FunctionModel, readStack } from '../../local/template/index.ts'
import { startTestServer } from '../helpers/server.ts'

// What runs on a schedule, bundled as it is deployed and held to its role, and what others find once it has run. It runs on the
// server's tables as an instance of its own, with a clock that is ahead: what it does is due minutes and hours later.

const HOUR_S = 1_699_999_200
const HOURS = 3_600_000

let dir: string
let server: LocalServer
let functions: readonly FunctionModel[]
const said: string[] = []

beforeAll(async () => {
  dir = await mkdtemp(`${tmpdir()}/tsdb-schedules-`)
  // Blocks are then deleted by sealing, and not by DynamoDB.
  const context = { ...LOCAL_CONTEXT, blockRetentionDays: '0' }
  functions = (await readStack(await synthesise(context))).functions
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text))
    return true
  })
  server = await startTestServer({ context, batchWindowMs: 20 })
})
afterAll(async () => {
  await server?.close()
  vi.restoreAllMocks()
  await rm(dir, { recursive: true })
})

/** Calls a function as its schedule does, so many milliseconds from now. @returns its answer */
async function run(name: 'Seal' | 'Trees', aheadMs: number): Promise<unknown> {
  const model = functions.find(({ logicalId }) => logicalId.startsWith(`${name}Function`)) ?? expect.unreachable()
  const codeDir = `${dir}/${name}-${aheadMs}`
  await mkdir(codeDir)
  const code = await readFile(`${model.codeDir}/index.mjs`, 'utf8')
  const ahead = `const nowAhead = () => Date.now() + ${aheadMs}\n`
  await writeFile(`${codeDir}/index.mjs`, ahead + code.replaceAll('Date.now', 'nowAhead'))
  const environment = functionEnvironment(model, { dynamo: server.dynamoEndpoint, kinesis: server.kinesisEndpoint })
  const pool = new FunctionPool({ ...model, codeDir }, environment, createLog('warn', model.name))
  onTestFinished(() => pool.stop())
  const outcome = await pool.call({})
  if (outcome.kind !== 'answer') throw new Error(`${name}: ${JSON.stringify(outcome)}: ${said.join('')}`)
  return JSON.parse(outcome.payload)
}

async function send(method: string, path: string, body?: unknown): Promise<string> {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  expect(answer.status, path).toBeLessThan(300)
  return answer.text()
}

const put = (points: readonly object[]) => send('POST', '/api/put?sync', points)
const ask = () => send('GET', `/api/query?start=${HOUR_S}&end=${HOUR_S + 3599}&m=sum:m{host=h0|h1|h2}`)
const refusals = () => said.filter((line) => / iam: /.test(line))

/** A point of each of many series, which few names make. */
function pointsOfSeries(metric: string, timestamp: number, hosts: number, cores: number): object[] {
  return Array.from({ length: hosts * cores }, (_, i) => ({
    metric,
    timestamp,
    value: i,
    tags: { host: `h${i % hosts}`, core: `${Math.floor(i / hosts)}` },
  }))
}

test('sealing gets by with its role: hours, late points, the index and blocks', async () => {
  await put([0, 1, 2].map((i) => ({ metric: 'm', timestamp: HOUR_S + i, value: i, tags: { host: `h${i}` } })))
  // So many that the metric's series move to the index, in an hour that is still to come.
  await put(pointsOfSeries('m', Math.ceil(Date.now() / HOURS) * 3600 + 9 * 3600, 64, 65))
  const before = await ask()
  expect(await run('Seal', HOURS)).toMatchObject({ points: 3, indexed: 3 + 64 * 65, failures: [] })
  expect(await ask()).toBe(before)

  await put([{ metric: 'm', timestamp: HOUR_S + 5, value: 5, tags: { host: 'h0' } }])
  const withLate = await ask()
  expect(withLate).toContain(`"${HOUR_S + 5}":5`)
  expect(await run('Seal', 3 * HOURS)).toMatchObject({ lateHours: 1, failures: [] })
  // Of what was sealed the blocks go, and the day is done.
  expect(await run('Seal', 4 * HOURS)).toMatchObject({ hours: 0, cleared: 2, failures: [] })
  expect(await ask()).toBe(withLate)
  expect(refusals()).toEqual([])
})

test('who reads and who deletes gets by with their roles where series are in the index', async () => {
  const end = HOUR_S + 3599
  const metrics = [{ name: 'm', tags: { host: ['h0'] } }]
  const range = { start_absolute: HOUR_S * 1000, end_absolute: end * 1000 }
  expect(await send('POST', '/api/v1/datapoints/query', { ...range, metrics })).toContain('"sample_size":2')
  const query = `start=${HOUR_S}&end=${end}&m=sum:m{host=h0}`
  expect(await send('DELETE', `/api/query?${query}`)).toContain(`"${HOUR_S + 5}":5`)
  expect(JSON.parse(await send('GET', `/api/query?${query}`))).toEqual([])
  expect(refusals()).toEqual([])
})

test('tending trees gets by with its role: series that waited, and what an emptied tree held', async () => {
  const { treeId } = JSON.parse(await send('POST', '/api/tree', { name: 'by host', enabled: true }))
  const rules = [
    { level: 0, order: 0, type: 'METRIC_CUSTOM', field: 't', customField: 'owner' },
    { level: 0, order: 1, type: 'TAGK', field: 'host' },
    { level: 1, order: 0, type: 'TAGK', field: 'core' },
  ]
  for (const rule of rules) await send('POST', '/api/tree/rule', { treeId, ...rule })
  // More than are planted while points wait.
  await put(pointsOfSeries('t', HOUR_S, 51, 10))
  expect(await run('Trees', 0)).toMatchObject({ planted: 510 })
  expect(JSON.parse(await send('GET', `/api/tree/branch?treeid=${treeId}`)).branches).toHaveLength(51)
  await send('DELETE', `/api/tree?treeid=${treeId}`)
  expect(await run('Trees', HOURS)).toMatchObject({ cleared: 1 })
  expect(refusals()).toEqual([])
})
