import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { runTsdb } from '../helpers/cli.ts'
import { startTestServer } from '../helpers/server.ts'

const START = 1_356_998_400_000

let server: LocalServer
let dataDir: string
let writer: string
let reader: string
let limited: string

beforeAll(async () => {
  process.env.AWS_REGION ??= 'local'
  process.env.AWS_ACCESS_KEY_ID ??= 'local'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
  dataDir = await mkdtemp(join(tmpdir(), 'kairos-query-'))
  server = await startTestServer({ auth: true, batchWindowMs: 20, dataDir })
  writer = await token('put,query')
  reader = await token('query')
  limited = await token('query', '--prefix', 'sys.')
}, 60_000)

afterAll(async () => {
  await server?.close()
  await rm(dataDir, { recursive: true, force: true })
})

async function token(scope: string, ...more: string[]): Promise<string> {
  const { stdout } = await runTsdb(['token', 'create', '--data', dataDir, '--scope', scope, ...more, 'test'])
  return stdout.trim()
}

async function ask(
  path: string,
  body: unknown,
  by = reader,
  method = 'POST',
): Promise<[status: number, body: unknown]> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${by}` },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return [response.status, text === '' ? undefined : JSON.parse(text)]
}

const query = (metrics: object[], by = reader) =>
  ask('/api/v1/datapoints/query', { start_absolute: START, end_absolute: START + 3_600_000, metrics }, by)

describe("KairosDB's queries", () => {
  it('read what came by either API, and texts', async () => {
    const old = { metric: 'sys.cpu', timestamp: START / 1000, value: 40, tags: { host: 'web01' } }
    expect((await ask('/api/put?sync', old, writer))[0]).toBe(204)
    const points = [
      { name: 'sys.cpu', timestamp: START + 60_000, value: 2, tags: { host: 'web 02' } },
      { name: 'sys.state', datapoints: [[START, 'up']], type: 'string', tags: { host: 'web01' } },
    ]
    expect(await ask('/api/v1/datapoints?sync', points, writer)).toEqual([204, undefined])
    const [, answer] = await query([{ name: 'sys.cpu' }, { name: 'sys.state' }, { name: 'sys.none' }])
    expect(answer).toEqual({
      queries: [
        {
          sample_size: 2,
          results: [
            {
              name: 'sys.cpu',
              group_by: [{ name: 'type', type: 'number' }],
              tags: { host: ['web 02', 'web01'] },
              values: [
                [START, 40],
                [START + 60_000, 2],
              ],
            },
          ],
        },
        {
          sample_size: 1,
          results: [
            {
              name: 'sys.state',
              group_by: [{ name: 'type', type: 'text' }],
              tags: { host: ['web01'] },
              values: [[START, 'up']],
            },
          ],
        },
        { sample_size: 0, results: [{ name: 'sys.none', tags: {}, values: [] }] },
      ],
    })
  }, 30_000)

  it('are also asked by GET, and tell the tags of a metric', async () => {
    const metrics = [{ name: 'sys.cpu', tags: { host: 'web 02' } }]
    const text = JSON.stringify({ start_absolute: START, end_absolute: START + 3_600_000, metrics })
    const [status, answer] = await ask(`/api/v1/datapoints/query?query=${encodeURIComponent(text)}`, '', reader, 'GET')
    expect([status, answer]).toMatchObject([200, { queries: [{ sample_size: 1 }] }])
    expect(await ask('/api/v1/datapoints/query/tags', JSON.parse(text))).toEqual([
      200,
      { queries: [{ results: [{ name: 'sys.cpu', tags: { host: ['web 02'] }, values: [] }] }] },
    ])
  })

  it('are told what is wrong in their own form', async () => {
    expect(await query([{ name: 'sys.cpu', aggregators: [{ name: 'mean' }] }])).toEqual([
      400,
      { errors: ['query.metric[0].aggregators[0].mean invalid aggregators name'] },
    ])
    expect(await query(Array.from({ length: 1000 }, () => ({ name: 'm' })))).toEqual([
      413,
      { errors: [expect.stringContaining('subQueries')] },
    ])
  })

  it('save points for who may put them, and for nobody else', async () => {
    const sum = { name: 'sum', sampling: { value: 1, unit: 'hours' } }
    const metric = { name: 'sys.cpu', aggregators: [sum, { name: 'save_as', metric_name: 'sys.cpu.sum' }] }
    expect(await query([metric])).toEqual([403, { errors: [expect.stringContaining('scope put')] }])
    expect((await query([metric], writer))[0]).toBe(200)
    await expect
      .poll(async () => (await query([{ name: 'sys.cpu.sum' }]))[1], { timeout: 20_000, interval: 200 })
      .toMatchObject({
        queries: [{ results: [{ tags: { saved_from: ['sys.cpu'] }, values: [[START, 42]] }] }],
      })
  }, 30_000)

  it('reach no other metric than a token does', async () => {
    expect((await query([{ name: 'sys.cpu' }], limited))[0]).toBe(200)
    expect((await query([{ name: 'sys.cpu' }, { name: 'other' }], limited))[0]).toBe(403)
  })
})
