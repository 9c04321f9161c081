import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LOCAL_CONTEXT, type LocalServer } from '../../local/server.ts'
import { synthesise } from '../../local/synth.ts'
import { startTestServer } from '../helpers/server.ts'

// The synthesised template with permissions taken out: what is then missing must be missed here, and not first in AWS.

const HOUR_S = 1_699_999_200
const TAKEN: readonly [role: RegExp, action: string][] = [
  [/^QueryRole/, 'dynamodb:Query'],
  [/^IngestPutRole/, 'kinesis:PutRecords'],
]

let dir: string
let server: LocalServer
const said: string[] = []

beforeAll(async () => {
  dir = await mkdtemp(`${tmpdir()}/tsdb-roles-`)
  await cp(await synthesise(LOCAL_CONTEXT), dir, { recursive: true })
  await takePermissions(`${dir}/Tsdb.template.json`)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text))
    return true
  })
  server = await startTestServer({ assemblyDir: dir, batchWindowMs: 20 })
})
afterAll(async () => {
  await server?.close()
  vi.restoreAllMocks()
  await rm(dir, { recursive: true })
})

interface Statement {
  readonly Action: string | readonly string[]
}

async function takePermissions(path: string): Promise<void> {
  const template: {
    Resources: Record<string, { Properties: { Policies: [{ PolicyDocument: { Statement: Statement[] } }] } }>
  } = JSON.parse(await readFile(path, 'utf8'))
  for (const [role, action] of TAKEN) {
    const [, found] = Object.entries(template.Resources).find(([id]) => role.test(id)) ?? expect.unreachable()
    const { PolicyDocument } = found.Properties.Policies[0]
    expect(PolicyDocument.Statement.flatMap(({ Action }) => Action)).toContain(action)
    PolicyDocument.Statement = PolicyDocument.Statement.map((statement) => ({
      ...statement,
      Action: [statement.Action].flat().filter((each) => each !== action),
    })).filter(({ Action }) => Action.length > 0)
  }
  await writeFile(path, JSON.stringify(template))
}

/** Lines of the log that say that a function may not do something. @param on what the resource begins with */
function refusals(role: string, action: string, on: string): string[] {
  const who = `User: arn:aws:sts::000000000000:assumed-role/tsdb-${role}`
  const what = ` is not authorized to perform: ${action} on resource: arn:aws:${on}`
  return said.filter((line) => line.includes(who) && line.includes(what))
}

test('a function that lacks a permission fails as in AWS, the log names it, and the others go on', async () => {
  const point = { metric: 'sys.cpu', timestamp: HOUR_S, value: 1, tags: { host: 'web01' } }
  const put = await fetch(`${server.url}/api/put`, { method: 'POST', body: JSON.stringify(point) })
  expect(put.status).toBe(500)
  const stream = `kinesis:local:000000000000:stream/${server.streamName}`
  expect(refusals('IngestPutRole', 'kinesis:PutRecords', stream)).not.toEqual([])

  // Not by way of put, as a device would.
  const kinesis = new KinesisClient({
    endpoint: server.kinesisEndpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  })
  const record = { PartitionKey: 'p', Data: Buffer.from(JSON.stringify(point)) }
  await kinesis.send(new PutRecordCommand({ StreamName: server.streamName, ...record }))
  kinesis.destroy()
  const asked = `start=${HOUR_S - 1}&end=${HOUR_S + 1}`
  await vi.waitFor(async () => {
    const found = await fetch(`${server.url}/api/search/lookup?m=sys.cpu`)
    expect(await found.json()).toMatchObject({ totalResults: 1 })
  }, 30_000)

  const query = await fetch(`${server.url}/api/query?${asked}&m=sum:sys.cpu`)
  expect(query.status).toBe(500)
  expect(await query.text(), 'names nothing of AWS').not.toContain('arn:')
  const denied = refusals('QueryRole', 'dynamodb:Query', 'dynamodb:local:000000000000:table/tsdb')
  expect(
    denied.filter((line) => / iam: /.test(line)),
    'the runner’s own',
  ).not.toEqual([])
  expect(
    denied.filter((line) => / tsdb-QueryFunction\w+: /.test(line)),
    'the function’s',
  ).not.toEqual([])
})
