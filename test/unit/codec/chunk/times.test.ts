import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../../lib/codec/bytes.ts'
import { encodeTimes, readTimes } from '../../../../lib/codec/chunk/times.ts'
import { toHex } from '../../../helpers/hex.ts'
import { HOUR_S } from '../../../helpers/rows.ts'

describe('encodeTimes(times, baseTimeS)', () => {
  const times = (...offsetsMs: number[]) => {
    const list = offsetsMs.map((offset) => HOUR_S * 1000 + offset)
    const { codec, bytes } = encodeTimes(Float64Array.from(list), HOUR_S)
    const read = new Float64Array(list.length)
    readTimes(new ByteReader(bytes, 'test'), codec, HOUR_S, read)
    expect([...read]).toEqual(list)
    return `${codec} ${toHex(bytes)}`
  }

  it('writes the first and the step, in seconds where all are', () => {
    expect(times(5000)).toBe('1 0a')
    expect(times(0, 1000, 2000)).toBe('1 0002')
    expect(times(7, 257, 507)).toBe('0 0ef403')
    expect(times(-1000, 0)).toBe('1 0102')
  })

  it('writes what departs from the step where there are gaps', () => {
    expect(times(0, 1000, 2000, 10_000, 11_000, 12_000)).toBe('3 000421023194')
  })

  it('costs a gap in an hour of seconds a few bytes, a jitter of some ms less than a byte a point', () => {
    const gap = Array.from({ length: 3000 }, (_, i) => (i < 1234 ? i : i + 17) * 1000)
    expect(encodeTimes(Float64Array.from(gap), 0).bytes.length).toBeLessThan(15)
    const jitter = Array.from({ length: 360 }, (_, i) => i * 10_000 + ((i * 7919) % 21))
    expect(encodeTimes(Float64Array.from(jitter), 0).bytes.length).toBeLessThan(360)
  })
})
