import { expect, test } from 'vitest'
import { CachedIndex } from '../../../lib/query/cached-index.ts'
import type { TagConstraint } from '../../../lib/store/postings-pages.ts'

const HOST: TagConstraint[] = [{ tagk: 1, tagvs: new Set([7, 8]) }]

/** An index that tells how often it was asked, by the number of its series. */
function counting() {
  let now = 1_000_000
  let asked = 0
  const cache = new CachedIndex({ find: async () => ({ series: [], total: ++asked }) }, () => now)
  return {
    at: (time: number) => {
      now = time
    },
    ask: async (sealedAt: number, constraints = HOST, metric = 1) =>
      (await cache.find(metric, constraints, sealedAt)).total,
  }
}

test('an answer is used again for hours that were sealed a minute before it was read, and not for later ones', async () => {
  const { at, ask } = counting()
  expect(await ask(900_000)).toBe(1)
  at(5_000_000)
  expect(await ask(940_000)).toBe(1)
  expect(await ask(940_001)).toBe(2)
  expect(await ask(940_001)).toBe(2)
  expect(await ask(4_940_000)).toBe(2)
  expect(await ask(4_940_001)).toBe(3)
})

test('answers are told apart by metric and by what is asked, in whatever order it is asked', async () => {
  const { ask } = counting()
  expect(await ask(0)).toBe(1)
  expect(await ask(0, HOST, 2)).toBe(2)
  expect(await ask(0, [{ tagk: 1 }])).toBe(3)
  expect(await ask(0, [{ tagk: 2 }, { tagk: 1, tagvs: new Set([7, 8]) }])).toBe(4)
  expect(await ask(0, [{ tagk: 1, tagvs: new Set([8, 7]) }, { tagk: 2 }])).toBe(4)
  expect(await ask(0)).toBe(1)
})
