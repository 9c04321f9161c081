import { expect, test } from 'vitest'
import { metricNames, type NamedStore } from '../../../lib/kairos/metric-names.ts'
import { storedName } from '../../../lib/kairos/names.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'

/** The names alone; test/e2e/kairos-delete.test.ts has metrics that were emptied. */
function storeOf(names: readonly string[]): NamedStore {
  const uids = {
    suggest: async (_: string, prefix: string) => names.map(storedName).filter((name) => name.startsWith(prefix)),
    uidsToNames: async () => new Map(),
  }
  return { uids, emptied: { metrics: async () => [] } } as unknown as NamedStore
}

const NAMES = ['cpu', 'cpu.user', 'cpu_user', 'CPU', 'disk free', 'größe', '100%', 'a_x20_b']

test.each([
  ['', ['100%', 'CPU', 'a_x20_b', 'cpu', 'cpu.user', 'cpu_user', 'disk free', 'größe']],
  ['cpu', ['cpu', 'cpu.user', 'cpu_user']],
  ['cpu.', ['cpu.user']],
  ['cpu_', ['cpu.user', 'cpu_user']],
  ['disk ', ['disk free']],
  ['disk f', ['disk free']],
  ['%r%e', ['disk free', 'größe']],
  ['100%', ['100%']],
  ['a_x20_', ['a_x20_b']],
  ['x', []],
])('names that begin with %j', async (prefix, names) => {
  expect(await metricNames(storeOf(NAMES), prefix, DEFAULT_LIMITS)).toEqual(names)
})

test('a text of many wildcards takes no time', async () => {
  const store = storeOf(['a'.repeat(1000)])
  expect(await metricNames(store, `${'%a'.repeat(200)}%b`, DEFAULT_LIMITS)).toEqual([])
})
