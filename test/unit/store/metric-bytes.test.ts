import { expect, test } from 'vitest'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { decodeMetricBytes, encodeMetricBytes } from '../../../lib/store/metric-bytes.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

test('the metrics of an hour are noted the largest first, without those that hardly count', () => {
  const bytes = new Map([
    [1, 100],
    [2, 15],
    [3, 700.4],
    [4, 16],
  ])
  const noted = encodeMetricBytes(bytes, 1024)
  expect(toHex(noted)).toBe(toHex(fromHex('03bc05 0164 0410')))
  expect([...decodeMetricBytes(noted)]).toEqual([
    [3, 700],
    [1, 100],
    [4, 16],
  ])
})

test('no more than sixteen metrics are noted', () => {
  const bytes = new Map(Array.from({ length: 40 }, (_, i) => [i, 1000 + i]))
  expect([...decodeMetricBytes(encodeMetricBytes(bytes, 40_000)).keys()]).toEqual(
    Array.from({ length: 16 }, (_, i) => 39 - i),
  )
})

test('a damaged note is told from a good one', () => {
  expect(() => decodeMetricBytes(Uint8Array.of(1))).toThrow(CorruptDataError)
})
