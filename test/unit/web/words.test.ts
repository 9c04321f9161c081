import { describe, expect, test } from 'vitest'
import { newestOnly } from '../../../web/src/api/newest.ts'
import { aggregatorHint, fillHint } from '../../../web/src/model/hints.ts'
import { newGraph, newQuery } from '../../../web/src/model/page.ts'
import { titleOf } from '../../../web/src/model/title.ts'
import { formatValue } from '../../../web/src/model/units.ts'

describe('values for people', () => {
  test.each([
    [0, 'si', '0'],
    [999.96, 'si', '1 k'],
    [1234, 'si', '1.234 k'],
    [-1_500_000, 'si', '-1.5 M'],
    [0.00025, 'si', '250 µ'],
    [0.5, 'si', '0.5'],
    [1024, 'bytes', '1 KiB'],
    [1_572_864, 'bytes/s', '1.5 MiB/s'],
    [12_000, 'bits/s', '12 kbit/s'],
    [99.953, '%', '99.95 %'],
    [0.0015, 's', '1.5 ms'],
    [90, 's', '90 s'],
    [7200, 's', '2 h'],
    [1500, 'ms', '1.5 s'],
    [123456789, 'plain', '123456789'],
  ] as const)('%d in %s is %s', (value, unit, expected) => {
    expect(formatValue(value, unit)).toBe(expected)
  })

  test('nothing is a dash', () => {
    expect([formatValue(undefined, 'si'), formatValue(null, 'si'), formatValue(Number.NaN, 's')]).toEqual([
      '—',
      '—',
      '—',
    ])
  })
})

test('each aggregator says how it treats gaps', () => {
  expect(aggregatorHint('sum')).toMatch(/line between/)
  expect(aggregatorHint('p99')).toMatch(/line between/)
  expect(aggregatorHint('zimsum')).toMatch(/counts as 0/)
  expect(aggregatorHint('mimmax')).toMatch(/does not count/)
  expect(aggregatorHint('pfsum')).toMatch(/earlier/)
  expect(fillHint('zero')).toMatch(/gives 0/)
})

test('a page is called what is on its graphs', () => {
  const graph = (title: string, ...metrics: string[]) => ({ ...newGraph(metrics.map(newQuery)), title })
  expect(titleOf('graph', { graphs: [newGraph()] })).toBe('tsdb')
  expect(titleOf('graph', { graphs: [graph('', 'a', 'b', 'a'), graph('Disks', 'c')] })).toBe('a, b | Disks · tsdb')
  expect(titleOf('status', { graphs: [graph('Disks')] })).toBe('Status · tsdb')
})

describe('answers out of order', () => {
  test('an older answer that comes late is dropped, and its request broken off', async () => {
    const newest = newestOnly()
    const first = deferred()
    let broken = false
    const late = newest((signal) => {
      signal.addEventListener('abort', () => {
        broken = true
      })
      return first.promise
    })
    const current = newest(async () => 'new')
    expect(broken).toBe(true)
    expect(await current).toBe('new')
    first.resolve('old')
    expect(await late).toBeUndefined()
  })

  test('an error counts only while nothing newer was asked', async () => {
    const newest = newestOnly()
    const first = deferred()
    const late = newest(() => first.promise)
    const current = newest(async () => 'new')
    first.reject(new Error('old'))
    expect(await late).toBeUndefined()
    expect(await current).toBe('new')
    await expect(newest(() => Promise.reject(new Error('now')))).rejects.toThrow('now')
  })
})

function deferred() {
  let resolve: (value: string) => void = () => undefined
  let reject: (reason: Error) => void = () => undefined
  const promise = new Promise<string>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
