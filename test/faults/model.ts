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
 * The values that may be read in the end, by point. Of one shard it is the one that arrived last. Of several each shard's last:
 * across a seal the order is exact only to the row.
 * @param shards the good records of each, in order
 */
export function finalValues(shards: readonly (readonly StreamInput[])[]): Map<string, Set<string>> {
  const possible = new Map<string, Set<string>>()
  for (const records of shards) {
    const last = new Map(records.flatMap(({ bytes }) => pointsOf(bytes)))
    for (const [key, value] of last) possible.set(key, (possible.get(key) ?? new Set()).add(value))
  }
  return possible
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
