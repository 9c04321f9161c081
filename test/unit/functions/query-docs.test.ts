import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { documentedExamples, documentedPoints, documentedTable } from '../../helpers/docs.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { httpEvent, lambdaContext } from '../../helpers/http-event.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

const DOCS = 'api/query.md'
const HOUR = 1_357_020_000_000

let dynamo: RunningDynamo
let handler: typeof import('../../../functions/query.ts')['handler']

beforeAll(async () => {
  dynamo = await startDynamo()
  const writer = new PointWriter(dynamo.endpoint)
  await writer.write(documentedPoints(DOCS))
  const edge = (host: string, at: number, value: number) => ({
    metric: 'edges',
    timestamp: HOUR + at,
    value,
    tags: { host },
  })
  const a = [edge('a', 0, 0), edge('a', 10, 5), edge('a', 20, 3)]
  const b = [edge('b', 3, 100), edge('b', 4, 101), edge('b', 13, 100)]
  await writer.write(JSON.stringify([...a, ...b]))
  writer.close()
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.endpoint)
  vi.stubEnv(ENV.tsdbTable, TABLES.data)
  vi.stubEnv(ENV.uidTable, TABLES.uid)
  vi.stubEnv(ENV.metaTable, TABLES.meta)
  handler = (await import('../../../functions/query.ts')).handler
})

afterAll(async () => {
  await dynamo?.stop()
})

async function ask(method: string, path: string, body = ''): Promise<string> {
  const event = httpEvent({ method, path: encodeURI(path), body })
  const answer = (await handler(event, lambdaContext())) as APIGatewayProxyStructuredResultV2
  return answer.body ?? ''
}

test.each(documentedExamples(DOCS))('$method $path is answered as documented', async ({
  method,
  path,
  body,
  answer,
}) => {
  expect((await ask(method, path, body)).trim()).toBe(answer.replace(/\n */g, ''))
})

const values = (answer: string) =>
  Object.values((JSON.parse(answer)[0]?.dps ?? {}) as Record<string, unknown>).map(String)

/** What a sub-query of the edges answers at the times in a table's head. */
async function row(m: string, head: readonly string[]): Promise<string[]> {
  const [{ dps }] = JSON.parse(await ask('GET', `/api/query?start=${HOUR}&end=${HOUR + 20}&ms&m=${m}:edges`))
  expect(Object.keys(dps).every((time) => head.includes(String(Number(time) - HOUR)))).toBe(true)
  return head.map((at) => String(dps[HOUR + Number(at)] ?? ''))
}

test.each(['interpolation', 'rate', 'downsample'])('the worked table of %s is what is answered', async (name) => {
  const { head, rows } = documentedTable(DOCS, name)
  const times = head.filter((cell) => cell !== '')
  expect(rows.size).toBeGreaterThan(2)
  for (const [m, cells] of rows) {
    if (m.length > 1) expect([m, ...(await row(m, times))]).toEqual([m, ...cells.slice(0, times.length)])
  }
})

test('a query that begins between points answers the same values from there on', async () => {
  const whole = values(await ask('GET', `/api/query?start=${HOUR}&end=${HOUR + 20}&ms&m=sum:edges`))
  const part = values(await ask('GET', `/api/query?start=${HOUR + 3}&end=${HOUR + 13}&ms&m=sum:edges`))
  expect(part).toEqual(whole.slice(1, 5))
  expect(part).toHaveLength(4)
})
