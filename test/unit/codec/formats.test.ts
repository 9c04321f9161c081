import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { abridge } from '../../../lib/codec/arrival.ts'
import { decodeBlock } from '../../../lib/codec/block.ts'
import { decodeRow } from '../../../lib/codec/row.ts'
import { decodeStreamRecord } from '../../../lib/codec/stream-record.ts'
import { KIND_FLOAT, KIND_TEXT, type PointColumns } from '../../../lib/model/points.ts'

// Bytes that earlier versions wrote, and what they hold. Users keep such bytes for years: none of these files is ever
// changed, and a version that writes something new adds a file.

const FOLDER = new URL('../../data/formats/', import.meta.url)

/** Milliseconds after the base time, KIND_ bits, the value in text, and the second at which its time comes. */
type KeptPoint = readonly [offsetMs: number, kind: number, value: string, expiry?: number]

interface KeptSource {
  readonly arrival: number
  readonly shard: number
  readonly sequence: string
}

interface KeptRow {
  readonly name: string
  readonly baseTimeS: number
  readonly newest: KeptSource
  readonly points: readonly KeptPoint[]
  readonly parts: readonly { readonly part: number; readonly base64: string }[]
}

interface KeptBlock {
  readonly name: string
  readonly baseTime: number
  readonly widths: Readonly<Record<'metric' | 'tagk' | 'tagv', number>>
  readonly sources: readonly KeptSource[]
  readonly series: readonly {
    readonly tsuid: string
    readonly sources: readonly number[]
    readonly points: readonly KeptPoint[]
  }[]
  readonly base64: string
}

interface KeptRecord {
  readonly name: string
  readonly syncId?: string
  readonly syncParts?: { readonly index: number; readonly count: number }
  readonly firstIndex: number
  readonly baseTimeS: number
  readonly series: readonly unknown[]
  readonly seriesOf: readonly number[]
  readonly points: readonly KeptPoint[]
  readonly base64: string
}

/** All that the files of a format keep, each with the name of its file. */
function kept<Case extends { readonly name: string }>(format: string): [string, Case][] {
  const files = readdirSync(FOLDER).filter((file) => file.replace(/-\d+\.json$/, '') === format)
  expect(files).not.toEqual([])
  return files.flatMap((file) => {
    const cases: Case[] = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))
    return cases.map((each): [string, Case] => [`${file}: ${each.name}`, each])
  })
}

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

const sourceOf = ({ arrival, shard, sequence }: KeptSource) => ({ arrival, shard, sequence: BigInt(sequence) })

/** Points as the files keep them. */
function plain(points: PointColumns, baseTimeS: number): KeptPoint[] {
  return Array.from({ length: points.count }, (_, i) => {
    const kind = points.kinds[i]!
    const value = points.values[i]!
    let text = String(points.bigs.get(i) ?? (kind & (KIND_FLOAT | KIND_TEXT) ? value : BigInt(value)))
    if (Object.is(value, -0)) text = '-0'
    if ((kind & KIND_TEXT) !== 0) text = points.texts?.get(i) ?? '(no text)'
    const point = [points.times[i]! - baseTimeS * 1000, kind, text] as const
    const expiry = points.expiries?.[i] ?? 0
    return expiry === 0 ? point : [...point, expiry]
  })
}

describe('every version ever written is read', () => {
  it.each(kept<KeptRow>('row'))('%s', (_, { baseTimeS, newest, points, parts }) => {
    const row = decodeRow(
      parts.map(({ part, base64 }) => ({ part, value: bytesOf(base64) })),
      baseTimeS,
    )
    expect(plain(row.points, baseTimeS)).toEqual(points)
    // Rows of version 1 say more of it than others.
    expect(abridge(row.newest)).toEqual(abridge(sourceOf(newest)))
  })

  it.each(kept<KeptBlock>('block'))('%s', (_, { baseTime, widths, sources, series, base64 }) => {
    const block = decodeBlock(bytesOf(base64))
    expect({ baseTime: block.baseTime, widths: block.widths }).toEqual({ baseTime, widths })
    expect(block.sources).toEqual(sources.map(sourceOf))
    const found = block.series.map((own) => ({
      tsuid: Buffer.from(own.tsuid).toString('hex'),
      sources: [...own.sources],
      points: plain(own.points, baseTime),
    }))
    expect(found).toEqual(series)
  })

  it.each(kept<KeptRecord>('stream-record'))('%s', (_, {
    syncId,
    syncParts,
    firstIndex,
    baseTimeS,
    base64,
    ...rest
  }) => {
    const record = decodeStreamRecord(bytesOf(base64))
    expect(record.firstIndex).toBe(firstIndex)
    expect(record.syncId && Buffer.from(record.syncId).toString('hex')).toBe(syncId)
    expect(record.syncParts).toEqual(syncParts)
    expect(record.batch.series).toEqual(rest.series)
    expect([...record.batch.seriesOf]).toEqual(rest.seriesOf)
    expect(plain(record.batch.points, baseTimeS)).toEqual(rest.points)
  })
})
