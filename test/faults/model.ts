import { decodeStreamRecord, isPackedRecord } from '../../lib/codec/stream-record.ts'
import type { StreamInput } from '../../lib/ingest/decode-record.ts'

/** A point as the run writes and reads it: `metric host second`, and the digits of its value. */
export type Point = readonly [key: string, value: string]

/** The points of a record that is good, in their order. */
export function pointsOf(bytes: Uint8Array): Point[] {
  if (isPackedRecord(bytes)) {
    const { batch } = decodeStreamRecord(bytes)
    return Array.from({ length: batch.points.count }, (_, i) => {
      const series = batch.series[batch.seriesOf[i]!]
      const { times, bigs, values } = batch.points
      return [
        `${series?.metric} ${series?.tags[0]?.[1]} ${times[i]! / 1000}`,
        String(bigs.get(i) ?? values[i]),
      ] as const
    })
  }
  const json: { metric: string; timestamp: number; value: number; tags: { host: string } }[] = JSON.parse(
    Buffer.from(bytes).toString(),
  )
  return json.map(({ metric, timestamp, value, tags }) => [`${metric} ${tags.host} ${timestamp}`, String(value)])
}

/**
 * The values that may be read in the end, by point: of each shard the one that arrived last. Across a seal the order is exact only to the
 * row, which keeps the newest arrival of all that was merged into it: where that is another shard's and later, an earlier value of
 * the row stays.
 * @param shards the good records of each, in order
 */
export function finalValues(shards: readonly (readonly StreamInput[])[]): Map<string, Set<string>> {
  const written = shards.map(valuesOf)
  const possible = new Map<string, Set<string>>()
  for (const [shard, { points }] of written.entries()) {
    for (const [key, { values, arrivalMs }] of points) {
      const row = rowOf(key)
      const mayStay = written.some(({ rows }, other) => other !== shard && (rows.get(row) ?? 0) >= arrivalMs)
      const all = possible.get(key) ?? new Set()
      for (const value of mayStay ? values : values.slice(-1)) all.add(value)
      possible.set(key, all)
    }
  }
  return possible
}

/** What a shard's records say: the values of each point in order and when the last arrived, and when the last of each row did. */
function valuesOf(records: readonly StreamInput[]) {
  const points = new Map<string, { readonly values: readonly string[]; readonly arrivalMs: number }>()
  const rows = new Map<string, number>()
  for (const { bytes, arrivalMs } of records) {
    for (const [key, value] of pointsOf(bytes)) {
      points.set(key, { values: [...(points.get(key)?.values ?? []), value], arrivalMs })
      rows.set(rowOf(key), arrivalMs)
    }
  }
  return { points, rows }
}

/** A series' hour. */
function rowOf(key: string): string {
  const [metric, host, second] = key.split(' ')
  return `${metric} ${host} ${Math.floor(Number(second) / 3600)}`
}

/** The points of /api/query's answer to `none:METRIC{host=*}`; digits as they are, so that integers of 64 bits survive. */
export function readAnswer(metric: string, text: string): Point[] {
  const points: Point[] = []
  for (const [, host, dps] of text.matchAll(/"tags":\{"host":"(\w+)"\}.*?"dps":\{([^}]*)\}/g)) {
    for (const [, time, value] of (dps ?? '').matchAll(/"(\d+)":([^,]+)/g)) {
      points.push([`${metric} ${host} ${time}`, String(value)])
    }
  }
  return points
}

/** JSON as /api/put takes it; values digit by digit. */
export function bodyOf(points: readonly Point[]): string {
  const json = points.map(([key, value]) => {
    const [metric, host, time] = key.split(' ')
    return `{"metric":"${metric}","timestamp":${time},"value":${value},"tags":{"host":"${host}"}}`
  })
  return `[${json.join(',')}]`
}

/** An HTTP answer's status and text. */
export function answerOf(result: unknown): { status: number; text: string } {
  const {
    statusCode = 200,
    body = '',
    isBase64Encoded = false,
  } = result as {
    statusCode?: number
    body?: string
    isBase64Encoded?: boolean
  }
  return { status: statusCode, text: isBase64Encoded ? Buffer.from(body, 'base64').toString() : body }
}
