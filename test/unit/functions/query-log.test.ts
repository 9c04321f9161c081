import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { httpEvent, lambdaContext } from '../../helpers/http-event.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

const HOUR = 1_356_998_400

let dynamo: RunningDynamo
let handler: typeof import('../../../functions/query.ts')['handler']
const lines: Record<string, unknown>[] = []
const print = vi.spyOn(console, 'info').mockImplementation((line) => lines.push(line))

beforeAll(async () => {
  dynamo = await startDynamo()
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.endpoint)
  vi.stubEnv(ENV.tsdbTable, TABLES.data)
  vi.stubEnv(ENV.uidTable, TABLES.uid)
  vi.stubEnv(ENV.metaTable, TABLES.meta)
  vi.stubEnv(ENV.logLevel, 'info')
  vi.stubEnv(ENV.limits, '{"answerBytes":100000,"queryPoints":20000}')
  handler = (await import('../../../functions/query.ts')).handler
  const writer = new PointWriter(dynamo.endpoint)
  await writer.write(
    `[{"metric":"log.m","timestamp":${HOUR},"value":1,"tags":{"host":"a"}},{"metric":"log.m","timestamp":${HOUR + 1},"value":2,"tags":{"host":"b"}}]`,
  )
  writer.close()
})

afterAll(async () => {
  print.mockRestore()
  vi.unstubAllEnvs()
  await dynamo.stop()
})

/** The line that a query left, and the status that it was answered with. */
async function lineOf(query: string) {
  lines.length = 0
  const answer = (await handler(
    httpEvent({ method: 'GET', path: `/api/query?start=${HOUR}&end=${HOUR + 3599}&${query}` }),
    lambdaContext(),
  )) as APIGatewayProxyStructuredResultV2
  const own = lines.filter(({ message }) => message === 'query')
  expect(own).toHaveLength(1)
  expect(own[0]?.requestId).toBe(lambdaContext().awsRequestId)
  return { line: own[0], status: answer.statusCode }
}

it('a query leaves one line that says what was asked, read and spent', async () => {
  const { line, status } = await lineOf('m=sum:log.m&m=max:log.m')
  expect(status).toBe(200)
  expect(line).toMatchObject({
    status: 200,
    metrics: 'log.m log.m',
    start: HOUR * 1000,
    end: (HOUR + 3599) * 1000,
    subQueries: 2,
    series: 4,
    points: 4,
    blocks: 2,
    rows: 0,
    hoursInBlocks: 2,
    hoursByKey: 0,
  })
  expect(line?.requests).toBeGreaterThanOrEqual(4)
  expect(line?.readUnits).toBeGreaterThan(0)
  for (const phase of ['namesMs', 'readMs', 'computeMs', 'serialiseMs', 'ms'])
    expect(line?.[phase]).toBeTypeOf('number')
})

it('a query that fails leaves one line with its status, with what was used up to then', async () => {
  expect(await lineOf('m=sum:no.such')).toMatchObject({ status: 400, line: { status: 400, metrics: 'no.such' } })
  expect(await lineOf('m=nothing')).toMatchObject({ status: 400, line: { status: 400 } })
  // more points than the budget, and a longer answer than is allowed
  expect(await lineOf('m=sum:10ms-avg-nan:log.m')).toMatchObject({ status: 413, line: { status: 413, series: 2 } })
  expect(await lineOf('m=sum:500ms-avg-nan:log.m&ms')).toMatchObject({
    status: 413,
    line: { status: 413, points: 14402 },
  })
})
