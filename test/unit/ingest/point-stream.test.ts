import type { PutRecordsCommandInput, PutRecordsCommandOutput } from '@aws-sdk/client-kinesis'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { callsOf, PointStream } from '../../../lib/ingest/point-stream.ts'
import { StreamRefusedError } from '../../../lib/ingest/stream-errors.ts'
import { type RunningKinesis, startKinesis } from '../../helpers/kinesis.ts'

let kinesis: RunningKinesis
let client: KinesisClient

beforeAll(async () => {
  kinesis = await startKinesis()
})
afterAll(() => kinesis.stop())
beforeEach(() => {
  client = new KinesisClient({ endpoint: kinesis.endpoint, maxAttempts: 1, requestHandler: new NodeHttpHandler() })
})
afterEach(() => client.destroy())

const stream = (deadlineMs = 5000) => new PointStream(client, kinesis.streamName, { deadlineMs, firstPauseMs: 1 })
const record = (text: string) => Buffer.from(text)
const newTexts = async () => (await kinesis.newRecords()).map((bytes) => Buffer.from(bytes).toString()).sort()

/** Turns away every record that `isRefused` picks, as a shard over its limit does; the others reach the stream. */
function throttleRecords(isRefused: (text: string) => boolean): void {
  client.middlewareStack.add(
    (send) => async (args) => {
      const input = args.input as PutRecordsCommandInput
      const refused = (input.Records ?? []).map(({ Data }) => isRefused(Buffer.from(Data ?? []).toString()))
      const passed = (input.Records ?? []).filter((_, i) => !refused[i])
      const answer = passed.length > 0 ? await send({ ...args, input: { ...input, Records: passed } }) : undefined
      const results = [...((answer?.output as PutRecordsCommandOutput | undefined)?.Records ?? [])]
      const Records = refused.map((no) =>
        no ? { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' } : results.shift(),
      )
      return { response: answer?.response, output: { $metadata: {}, FailedRecordCount: 1, Records } }
    },
    { step: 'initialize', name: 'throttleRecords' },
  )
}

/** Lets the first `count` calls fail as a whole. */
function failCalls(count: number, error: object): void {
  let left = count
  client.middlewareStack.add(
    (send) => async (args) => {
      if (left-- > 0) throw Object.assign(new Error('made up by the test'), error)
      return send(args)
    },
    { step: 'initialize', name: 'failCalls' },
  )
}

describe('PointStream.put(records)', () => {
  it('puts records on the stream and has no complaint', async () => {
    expect(await stream().put([record('a'), record('b')])).toEqual([undefined, undefined])
    expect(await newTexts()).toEqual(['a', 'b'])
  })

  it('sends again what was turned away, and nothing else', async () => {
    const refusals = new Map([['b', 2]])
    throttleRecords((text) => {
      const left = refusals.get(text) ?? 0
      refusals.set(text, left - 1)
      return left > 0
    })
    expect(await stream().put(['a', 'b', 'c'].map(record))).toEqual([undefined, undefined, undefined])
    expect(await newTexts()).toEqual(['a', 'b', 'c'])
  })

  it('says by record why it gave up at the deadline, in a word that names neither account nor stream', async () => {
    throttleRecords((text) => text === 'b')
    expect(await stream(50).put(['a', 'b'].map(record))).toEqual([undefined, 'ProvisionedThroughputExceededException'])
    expect(await newTexts()).toEqual(['a'])
  })

  it('tries again after a call that failed as a whole', async () => {
    failCalls(2, { name: 'InternalFailure', $metadata: { httpStatusCode: 500 } })
    expect(await stream().put([record('a')])).toEqual([undefined])
    expect(await newTexts()).toEqual(['a'])
  })

  it('says why for every record where Kinesis stays away', async () => {
    failCalls(Number.POSITIVE_INFINITY, { name: 'Error', code: 'ECONNREFUSED' })
    const why = await stream(50).put(['a', 'b'].map(record))
    expect(why).toEqual(['ECONNREFUSED', 'ECONNREFUSED'])
  })

  it('does not try again what can never succeed', async () => {
    const nowhere = new PointStream(client, 'no-such-stream', { deadlineMs: 5000 })
    await expect(nowhere.put([record('a')])).rejects.toThrow(StreamRefusedError)
  })
})

describe('callsOf(left, records)', () => {
  it('keeps to 500 records and 5 MB a call', () => {
    const small = Array.from({ length: 1201 }, () => new Uint8Array(1))
    expect(callsOf([...small.keys()], small).map((call) => call.length)).toEqual([500, 500, 201])
    const large = Array.from({ length: 7 }, () => new Uint8Array(1_000_000))
    expect(callsOf([...large.keys()], large)).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6],
    ])
  })

  it('leaves out what is not left', () => {
    expect(callsOf([2, 0], [new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)])).toEqual([[2, 0]])
    expect(callsOf([], [])).toEqual([])
  })
})
