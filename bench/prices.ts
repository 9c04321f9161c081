// What AWS asks, in US dollars, and what a million points come to.

/** When and where the prices were read: list prices of us-east-1 (N. Virginia), without free tiers, discounts and taxes. */
export const PRICES_OF = '2026-11-22'

/** A price and the page of AWS that has it. */
interface Price {
  readonly dollars: number
  readonly per: string
  readonly page: string
}

function price(dollars: number, per: string, page: string): Price {
  return { dollars, per, page: `https://aws.amazon.com/${page}/` }
}

export const PRICES = {
  apiRequest: price(
    1.0 / 1e6,
    'HTTP API request of up to 512 KB, the first 300 million a month',
    'api-gateway/pricing',
  ),
  lambdaRequest: price(0.2 / 1e6, 'invocation', 'lambda/pricing'),
  lambdaGbSecond: price(0.0000133334, 'GB-second on arm64', 'lambda/pricing'),
  logGb: price(0.5, 'GB taken in by CloudWatch Logs', 'cloudwatch/pricing'),
  streamGbIn: price(
    0.08,
    'GB put on an on-demand stream, each record rounded up to 1 KB',
    'kinesis/data-streams/pricing',
  ),
  streamGbOut: price(0.04, 'GB read from an on-demand stream', 'kinesis/data-streams/pricing'),
  streamGbMonthKept: price(0.1, 'GB-month kept beyond a day, up to seven', 'kinesis/data-streams/pricing'),
  streamHour: price(0.04, 'hour of an on-demand stream', 'kinesis/data-streams/pricing'),
  shardHour: price(0.015, 'hour of a provisioned shard', 'kinesis/data-streams/pricing'),
  shardHourKept: price(0.02, 'hour of a provisioned shard that keeps up to seven days', 'kinesis/data-streams/pricing'),
  payloadUnit: price(0.014 / 1e6, 'PUT payload unit of 25 KB, provisioned', 'kinesis/data-streams/pricing'),
  writeUnit: price(0.625 / 1e6, 'write request unit, on demand', 'dynamodb/pricing/on-demand'),
  readUnit: price(0.125 / 1e6, 'read request unit, on demand', 'dynamodb/pricing/on-demand'),
  storedGbMonth: price(0.25, 'GB-month stored', 'dynamodb/pricing/on-demand'),
  backupGbMonth: price(0.2, 'GB-month of point-in-time recovery', 'dynamodb/pricing/on-demand'),
  iotRule: price(0.15 / 1e6, 'rule triggered, for each 5 KB', 'iot-core/pricing'),
  iotAction: price(0.15 / 1e6, 'action of a rule, for each 5 KB', 'iot-core/pricing'),
  iotMessage: price(
    1.0 / 1e6,
    'message of up to 5 KB, the first thousand million; none by Basic Ingest',
    'iot-core/pricing',
  ),
} as const satisfies Record<string, Price>

/** How points reach the stream. */
export interface Way {
  readonly name: string
  /** Points in one request or message. */
  readonly pointsPerRequest: number
  readonly by: 'api' | 'rule'
}

export const WAYS: readonly Way[] = [
  { name: 'collectors, 500 points a request', pointsPerRequest: 500, by: 'api' },
  { name: 'devices, 1 point a request', pointsPerRequest: 1, by: 'api' },
  { name: 'devices, 1 point a message through an IoT rule', pointsPerRequest: 1, by: 'rule' },
]

/** What was counted, for each point. */
export interface Measured {
  readonly writeUnits: number
  readonly readUnits: number
  /** KB of stream records, each rounded up. */
  readonly streamKilobytes: number
  /** Bytes of rows with their keys, kept for good, and of blocks, kept for two weeks. */
  readonly rowBytes: number
  readonly blockBytes: number
  /** Points a second that the fleet sends. */
  readonly pointsPerSecond: number
}

/**
 * What is not counted but taken to be so: how long functions are billed for at AWS. Put waits for Kinesis for some milliseconds; its
 * processor time is bench/README.md's.
 */
export const ASSUMED = {
  /** GB of memory of put and consume, and of seal: the template's. */
  functionGb: 1769 / 1024,
  sealGb: 3538 / 1024,
  /** Seconds that a put is billed for: for itself, and for each point. */
  putSeconds: 0.012,
  putSecondsAPoint: 1.5e-6,
  /** Seconds that consuming a batch is billed for: for itself, for each record, and for each point. */
  consumeSeconds: 0.08,
  consumeSecondsARecord: 20e-6,
  consumeSecondsAPoint: 1.5e-6,
  /** Seconds between batches of a shard. */
  windowSeconds: 5,
  /** Rows a second that seal writes. */
  rowsASecond: 4000,
  /** Bytes of log that an invocation leaves at the level `warn`: the line of its metrics; platform logs are off. */
  logBytes: 360,
  /** Days that the stream keeps records, and blocks last. */
  streamDays: 7,
  blockDays: 14,
  /** The most shards' worth of batches: one shard takes 1 MB or 1000 records a second. */
  recordsAShardSecond: 1000,
} as const

/** Dollars for a million points, by what they are paid for. */
export interface Bill {
  readonly gateway: number
  readonly lambda: number
  readonly logs: number
  readonly stream: number
  readonly writes: number
  readonly reads: number
  /** For each month that the points are kept; blocks and backups are in it. */
  readonly storageMonth: number
  /** All but storage. */
  readonly total: number
}

const MILLION = 1e6
const GB = 2 ** 30

/**
 * What a million points of known series cost end to end. What a stream costs an hour is left out: it is the same for a point as for a
 * thousand million, and docs/deploy.md names it.
 */
export function billFor(way: Way, measured: Measured): Bill {
  const requests = MILLION / way.pointsPerRequest
  const gateway =
    way.by === 'api'
      ? requests * PRICES.apiRequest.dollars
      : requests * (PRICES.iotRule.dollars + PRICES.iotAction.dollars)

  const recordsASecond = measured.pointsPerSecond / way.pointsPerRequest
  const shards = Math.max(1, Math.ceil(recordsASecond / ASSUMED.recordsAShardSecond))
  const batches = (MILLION / measured.pointsPerSecond / ASSUMED.windowSeconds) * shards
  const puts = way.by === 'api' ? requests : 0
  const putGbSeconds =
    (puts * ASSUMED.putSeconds + (puts > 0 ? MILLION * ASSUMED.putSecondsAPoint : 0)) * ASSUMED.functionGb
  const consumeSeconds =
    batches * ASSUMED.consumeSeconds + requests * ASSUMED.consumeSecondsARecord + MILLION * ASSUMED.consumeSecondsAPoint
  const sealSeconds = (measured.writeUnits * MILLION) / ASSUMED.rowsASecond
  const gbSeconds = putGbSeconds + consumeSeconds * ASSUMED.functionGb + sealSeconds * ASSUMED.sealGb
  const lambda = (puts + batches) * PRICES.lambdaRequest.dollars + gbSeconds * PRICES.lambdaGbSecond.dollars
  const logs = (((puts + batches) * ASSUMED.logBytes) / GB) * PRICES.logGb.dollars

  const streamGb = (measured.streamKilobytes * MILLION * 1024) / GB
  const kept = streamGb * ((ASSUMED.streamDays - 1) / 30) * PRICES.streamGbMonthKept.dollars
  const stream = streamGb * (PRICES.streamGbIn.dollars + PRICES.streamGbOut.dollars) + kept

  const writes = measured.writeUnits * MILLION * PRICES.writeUnit.dollars
  const reads = measured.readUnits * MILLION * PRICES.readUnit.dollars
  const gbMonth = PRICES.storedGbMonth.dollars + PRICES.backupGbMonth.dollars
  const storageMonth = ((measured.rowBytes * MILLION) / GB) * gbMonth
  const blocksOnce = ((measured.blockBytes * MILLION) / GB) * gbMonth * (ASSUMED.blockDays / 30)
  const total = gateway + lambda + logs + stream + writes + reads + blocksOnce
  return { gateway, lambda, logs, stream, writes: writes + blocksOnce, reads, storageMonth, total }
}
