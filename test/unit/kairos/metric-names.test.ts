import { expect, test } from 'vitest'
import { metricNames } from '../../../lib/kairos/metric-names.ts'
import { storedName } from '../../../lib/kairos/names.ts'

const NAMES = ['cpu', 'cpu.user', 'cpu_user', 'CPU', 'disk free', 'größe', '100%', 'a_x20_b']
const uids = {
  suggest: async (_: string, prefix: string) => NAMES.map(storedName).filter((name) => name.startsWith(prefix)),
}

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
  expect(await metricNames(uids, prefix)).toEqual(names)
})

test('a text of many wildcards takes no time', async () => {
  const long = { suggest: async () => ['a'.repeat(1000)] }
  expect(await metricNames(long, `${'%a'.repeat(200)}%b`)).toEqual([])
})
