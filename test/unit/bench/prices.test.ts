import { expect, test } from 'vitest'
import { billFor, type Measured, PRICES, WAYS } from '../../../bench/prices.ts'

const measured: Measured = {
  writeUnits: 0.02,
  readUnits: 0.004,
  streamKilobytes: 0.008,
  rowBytes: 1.5,
  blockBytes: 5,
  pointsPerSecond: 1000,
}
const [collectors, devices, rule] = WAYS.map((way) => {
  return billFor(way, way.pointsPerRequest === 1 ? { ...measured, streamKilobytes: 1 } : measured)
}) as [ReturnType<typeof billFor>, ReturnType<typeof billFor>, ReturnType<typeof billFor>]

test('a bill counts requests, records rounded up to a KB, and units', () => {
  expect(collectors.gateway).toBeCloseTo(0.002, 9)
  expect(devices.gateway).toBeCloseTo(1, 9)
  expect(rule.gateway).toBeCloseTo(0.3, 9)
  // 8 GB of records of a GB of 2^30 bytes: in, out, and six days more.
  const gb = (0.008 * 1e6 * 1024) / 2 ** 30
  expect(collectors.stream).toBeCloseTo(gb * (0.08 + 0.04 + 0.1 * 0.2), 9)
  expect(devices.stream).toBeCloseTo(((1e6 * 1024) / 2 ** 30) * 0.14, 9)
  expect(collectors.reads).toBeCloseTo(4000 * PRICES.readUnit.dollars, 9)
  expect(collectors.storageMonth).toBeCloseTo(((1.5 * 1e6) / 2 ** 30) * 0.45, 9)
})

test('a bill is the sum of its parts, and one that goes by API has a put for each request', () => {
  for (const bill of [collectors, devices, rule]) {
    const { gateway, lambda, logs, stream, writes, reads, total } = bill
    expect(total).toBeCloseTo(gateway + lambda + logs + stream + writes + reads, 9)
  }
  expect(devices.lambda).toBeGreaterThan(collectors.lambda * 10)
  expect(rule.lambda).toBeLessThan(devices.lambda / 5)
})

test('every price names a page of AWS', () => {
  for (const { dollars, page } of Object.values(PRICES)) {
    expect(dollars).toBeGreaterThan(0)
    expect(page).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z/-]+\/$/)
  }
})
