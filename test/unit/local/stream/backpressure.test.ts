import { expect, test } from 'vitest'
import { Backpressure } from '../../../../local/stream/backpressure.ts'

/** A clock that stands still, and what was said of puts. */
function scene() {
  let now = 1_000_000
  const said: boolean[] = []
  const backpressure = new Backpressure(
    (isRefusing) => said.push(isRefusing),
    () => now,
  )
  return {
    said,
    backpressure,
    behind: (shard: string, lagMs: number) => backpressure.delivered(shard, now - lagMs),
    later: (ms: number) => {
      now += ms
      backpressure.look()
    },
  }
}

test('puts are turned away once a shard is far behind, and let in again once every shard is near enough', () => {
  const { behind, said } = scene()
  behind('a', 20_000)
  behind('b', 300)
  expect(said).toEqual([])
  behind('a', 20_001)
  behind('b', 15_000)
  behind('a', 10_001)
  expect(said).toEqual([true])
  behind('a', 10_000)
  expect(said).toEqual([true])
  behind('b', 10_000)
  expect(said).toEqual([true, false])
})

test('a shard that holds nothing more is not behind, however old its last record was', () => {
  const { behind, said, backpressure } = scene()
  behind('a', 8 * 3_600_000)
  expect(said).toEqual([true])
  backpressure.caughtUp('a')
  expect(said).toEqual([true, false])
})

test('a shard that has not got on for a while is stuck and not slow, and stops nobody', () => {
  const { behind, said, later } = scene()
  behind('a', 30_000)
  later(14_999)
  expect(said).toEqual([true])
  later(1)
  expect(said).toEqual([true, false])
})
