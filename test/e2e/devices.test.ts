import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'

const START_S = 1_700_000_000

describe('what devices and scripts write to the stream', () => {
  let server: LocalServer
  let kinesis: KinesisClient

  beforeAll(async () => {
    server = await startTestServer()
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    const requestHandler = new NodeHttpHandler()
    kinesis = new KinesisClient({ endpoint: server.kinesisEndpoint, region: 'local', credentials, requestHandler })
  })
  afterAll(async () => {
    kinesis.destroy()
    await server.close()
  })

  const write = (data: string) =>
    kinesis.send(
      new PutRecordCommand({ StreamName: server.streamName, PartitionKey: 'one shard', Data: Buffer.from(data) }),
    )

  /** The points of a query, asked again until there are some. */
  async function points(m: string): Promise<unknown> {
    const url = `${server.url}/api/query?start=${START_S - 60}&end=${START_S + 60}&ms=true&m=${encodeURIComponent(m)}`
    for (;;) {
      const answer = await fetch(url)
      // A name that is not known yet is a 400.
      const results: unknown = await answer.json()
      if (answer.ok && Array.isArray(results) && results.length > 0) return results
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  test('is answered by queries, exact to the digit, though a record before it could not be read', async () => {
    await write('{"this is":')
    const message = { ts: START_S, wh: 0, hall: { temp: 21.5, fan: true }, firmware: '1.2' }
    // Written by hand: JSON.stringify would round the counter.
    const payload = JSON.stringify(message).replace('"wh":0', '"wh":9007199254740993')
    const envelope = { payload: Buffer.from(payload).toString('base64'), topic: 'plant/7', clientId: 'esp32-a4cf12' }
    await write(JSON.stringify({ ...envelope, time: Date.now() }))
    await write(`{"metric":"script.lines","timestamp":${START_S},"value":1,"tags":{"from":"cron"}}\n`.repeat(2))

    const tags = { device: 'esp32-a4cf12', topic: 'plant/7' }
    const at = String(START_S * 1000)
    expect(await points('sum:script.lines{from=*}')).toMatchObject([{ tags: { from: 'cron' }, dps: { [at]: 1 } }])
    expect(await points('sum:iot.hall.temp{device=*}')).toMatchObject([{ tags, dps: { [at]: 21.5 } }])
    expect(await points('sum:iot.hall.fan{device=*}')).toMatchObject([{ tags, dps: { [at]: 1 } }])
    const wattHours = `${server.url}/api/query?start=${START_S - 60}&end=${START_S + 60}&m=${encodeURIComponent('sum:iot.wh{device=*}')}`
    expect(await (await fetch(wattHours)).text()).toContain('9007199254740993')
  })
})
