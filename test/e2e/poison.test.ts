import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LOCAL_CONTEXT, type LocalServer } from '../../local/server.ts'
import { synthesise } from '../../local/synth.ts'
import { runTsdb } from '../helpers/cli.ts'
import { startTestServer } from '../helpers/server.ts'

// Records that kill whoever decodes them, through the runner: its instances really exit, run out of memory and run over their
// time. The bundle is the synthesised one with a trap where records are decoded.

const TRAP = `
  const trapped = Buffer.from(input.bytes).toString("latin1");
  if (trapped.includes("please exit")) process.exit(1);
  if (trapped.includes("please hoard")) { const kept = []; for (;;) kept.push(new Array(1000000).fill(kept.length)); }
  if (trapped.includes("please loop")) for (;;) ;
`
const KILLERS = ['please exit', 'please hoard', 'please loop']
const HOUR_S = 1_699_999_200

let dir: string
let server: LocalServer
beforeAll(async () => {
  dir = await mkdtemp(`${tmpdir()}/tsdb-poison-`)
  await cp(await synthesise(LOCAL_CONTEXT), `${dir}/assembly`, { recursive: true })
  await setTrap(`${dir}/assembly`)
  server = await startTestServer({
    assemblyDir: `${dir}/assembly`,
    dataDir: `${dir}/data`,
    batchWindowMs: 20,
    logLevel: 'silent',
  })
})
afterAll(async () => {
  await server.close()
  await rm(dir, { recursive: true })
})

/** Puts the trap into the consumer's bundle, and gives it little memory and time. */
async function setTrap(assembly: string): Promise<void> {
  let trapped = 0
  for (const name of await readdir(assembly, { recursive: true })) {
    const path = `${assembly}/${name}`
    if (name.endsWith('index.mjs')) {
      const code = await readFile(path, 'utf8')
      const set = code.replace(/function decodeRecord\(input, [^)]*\) \{/, (head) => head + TRAP)
      if (set !== code) trapped++
      await writeFile(path, set)
    } else if (name.endsWith('.template.json')) {
      const template = JSON.parse(await readFile(path, 'utf8'))
      for (const { Type, Properties } of Object.values<{ Type: string; Properties: Record<string, unknown> }>(
        template.Resources,
      )) {
        if (Type !== 'AWS::Lambda::Function' || Properties.Timeout !== 120) continue
        Object.assign(Properties, { Timeout: 2, MemorySize: 128 })
      }
      await writeFile(path, JSON.stringify(template))
    }
  }
  expect(trapped).toBe(1)
}

test('records that exit, hoard memory or loop are rejected with their bytes, and all around them is stored', async () => {
  const point = (i: number, host: string) =>
    JSON.stringify([{ metric: 'm', timestamp: HOUR_S + i, value: i, tags: { host } }])
  const records = Array.from({ length: 9 }, (_, i) => point(i, 'web01'))
  KILLERS.forEach((words, i) => {
    records.splice(2 + 3 * i, 0, point(100 + i, words.replace(' ', '-')).replace('"m"', `"${words}"`))
  })
  const client = new KinesisClient({
    endpoint: server.kinesisEndpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  })
  await client.send(
    new PutRecordsCommand({
      StreamName: server.streamName,
      Records: records.map((record) => ({ Data: Buffer.from(record), PartitionKey: 'one' })),
    }),
  )
  client.destroy()

  for (;;) {
    const answer = await fetch(`${server.url}/api/query?start=${HOUR_S}&end=${HOUR_S + 3600}&m=none:m`)
    const [series] = answer.status === 200 ? ((await answer.json()) as { dps: Record<string, number> }[]) : []
    if (Object.keys(series?.dps ?? {}).length === 9) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const listed = await runTsdb(['rejects', 'list', '--data', `${dir}/data`])
  const ids = [...listed.stdout.matchAll(/^([0-9a-f]{12}) .*failed 3 times with this record alone/gm)].map(
    ([, id]) => id ?? '',
  )
  const kept = await Promise.all(
    ids.map(async (id) => (await runTsdb(['rejects', 'show', id, '--raw', '--data', `${dir}/data`])).stdout),
  )
  expect(kept.sort()).toEqual(records.filter((record) => record.includes('please')).sort())
}, 240_000)
