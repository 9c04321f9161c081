// npm run bench -- units [--json]
import { strictEqual } from 'node:assert'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { KinesisStreamRecord } from 'aws-lambda'
import { readConfig } from '../functions/config.ts'
import { type Consumer, consumeBatch, createConsumer } from '../lib/ingest/consume.ts'
import { DEFAULT_DEVICE_MAPPING, parseDeviceMapping } from '../lib/ingest/device-mapping.ts'
import { PointStream } from '../lib/ingest/point-stream.ts'
import { put } from '../lib/ingest/put.ts'
import { openStore } from '../lib/store/index.ts'
import { type Fleet, HUNDRED_SERIES, putBodies, TEN_THOUSAND_SERIES } from './cases.ts'
import { BENCH_STREAM, type EmulatorEndpoints, setFunctionEnvironment, startEmulators } from './emulators.ts'
import type { Report } from './report.ts'
import { readStream, recordBytes, streamEvents, streamInput } from './stream.ts'

/** Records that consume gets at a time; the more, the more points share a block. */
const RECORDS_AN_EVENT = 100

/**
 * What points cost at AWS's meters: bytes and records in the stream, requests of the SDK, and read and write units as the
 * emulator of DynamoDB counts them in ConsumedCapacity. Points go through put, Kinesis' emulator and consumeBatch.
 * A fleet's first step, in which every series is new, is counted by itself, for each thousand series.
 */
export async function run(report: Report): Promise<void> {
  for (const fleet of [HUNDRED_SERIES, TEN_THOUSAND_SERIES]) await measure(fleet, report)
}

async function measure(fleet: Fleet, report: Report): Promise<void> {
  const startS = Math.floor(Date.now() / 3_600_000) * 3600
  const bodies = putBodies(fleet, startS)
  const series = fleet.hosts * fleet.metrics
  const firstStep = Math.max(1, Math.ceil(series / fleet.pointsPerRequest))

  const emulators = await startEmulators()
  setFunctionEnvironment(emulators)
  try {
    const pipe = await openPipe(emulators)
    const first = await pipe.send(bodies.slice(0, firstStep))
    const rest = await pipe.send(bodies.slice(firstStep))
    for (const [phase, counts, scale, unit] of [
      ['new series', first, series / 1000, '/1000 new series'],
      ['known series', rest, rest.points / 1e6, '/million points'],
    ] as const) {
      const figure = (metric: string, value: number, of: string) =>
        report({
          bench: 'units',
          case: fleet.name,
          metric: `${phase}: ${metric}`,
          value: value / scale,
          unit: of + unit,
        })
      figure('stream bytes', counts.streamBytes, 'bytes')
      figure('stream records', counts.streamRecords, 'records')
      for (const [operation, { requests, readUnits, writeUnits }] of [...counts.operations].sort()) {
        figure(`${operation} requests`, requests, 'requests')
        if (readUnits > 0) figure(`${operation} read units`, readUnits, 'units')
        if (writeUnits > 0) figure(`${operation} write units`, writeUnits, 'units')
      }
      const total = [...counts.operations.values()]
      figure('all requests', sum(total, 'requests') + counts.streamRecords, 'requests')
      figure('all read units', sum(total, 'readUnits'), 'units')
      figure('all write units', sum(total, 'writeUnits'), 'units')
    }
  } finally {
    await emulators.stop()
  }
}

interface OperationCounts {
  requests: number
  readUnits: number
  writeUnits: number
}

/** What some points have cost on their way. */
interface Counts {
  points: number
  streamBytes: number
  /** Also the number of PutRecords requests: a request of 500 points is one record. */
  streamRecords: number
  /** Of DynamoDB, by name. */
  readonly operations: Map<string, OperationCounts>
}

function sum(counts: readonly OperationCounts[], what: keyof OperationCounts): number {
  return counts.reduce((total, count) => total + count[what], 0)
}

/** Put, stream and consumer on emulators; counts what passes. */
async function openPipe(emulators: EmulatorEndpoints): Promise<{ send(bodies: readonly string[]): Promise<Counts> }> {
  const config = readConfig()
  const { limits } = config
  const stream = new PointStream(
    new KinesisClient({ endpoint: emulators.kinesis, maxAttempts: 1, requestHandler: new NodeHttpHandler() }),
    BENCH_STREAM,
    { deadlineMs: 8_000 },
  )
  let operations = new Map<string, OperationCounts>()
  const store = openStore({
    ...config,
    tables: config.tables,
    endpoint: emulators.dynamo,
    onConsumed: ({ operation, readUnits, writeUnits }) => {
      const count = operations.get(operation) ?? { requests: 0, readUnits: 0, writeUnits: 0 }
      count.requests++
      count.readUnits += readUnits
      count.writeUnits += writeUnits
      operations.set(operation, count)
    },
  })
  const consumer = createConsumer({
    store,
    limits,
    mapping: parseDeviceMapping(DEFAULT_DEVICE_MAPPING),
    blockTtlDays: config.blockTtlDays,
  })
  const seen = new Set<string>()
  return {
    async send(bodies) {
      operations = new Map()
      for (const text of bodies) strictEqual((await put({ stream, acks: noAcks, limits }, { text })).unavailable, 0)
      const records = (await readStream(emulators.kinesis)).filter((record) => !seen.has(record.eventID))
      for (const record of records) seen.add(record.eventID)
      const points = await consumeAll(consumer, records)
      strictEqual(
        points,
        bodies.reduce((total, body) => total + JSON.parse(body).length, 0),
      )
      const streamBytes = records.reduce((total, record) => total + recordBytes(record), 0)
      return { points, streamBytes, streamRecords: records.length, operations }
    },
  }
}

/** @returns points stored */
async function consumeAll(consumer: Consumer, records: readonly KinesisStreamRecord[]): Promise<number> {
  let points = 0
  for (const event of streamEvents(records, RECORDS_AN_EVENT)) {
    const result = await consumeBatch(consumer, event.Records.map(streamInput))
    strictEqual(result.failed, undefined)
    strictEqual(result.rejects, 0)
    points += result.points
  }
  return points
}

/** Nothing here waits for its points. */
function noAcks(): never {
  throw new Error('A put without ?sync looked for its acknowledgement')
}
