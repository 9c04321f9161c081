import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'

beforeEach(() => {
  vi.resetModules()
  vi.stubEnv(ENV.tsdbTable, 'tsdb')
  vi.stubEnv(ENV.uidWidths, '3,3,4')
  // metrics go through the global console, where a test can look
  vi.stubEnv('POWERTOOLS_DEV', 'true')
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false')
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

test('the use of UIDs is published from half of them on, as percent', async () => {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(line))
  const { publishUids } = await import('../../../functions/uid-metrics.ts')
  publishUids('metric', 2 ** 23 - 1)
  expect(lines).toEqual([])
  publishUids('metric', 2 ** 23)
  publishUids('tagv', 2 ** 31)
  publishUids('tagv', 2 ** 33)
  const used = lines
    .map((line) => JSON.parse(line))
    .map(({ service, UidsUsed }) => [service, Math.round([UidsUsed].flat()[0])])
  expect(used).toEqual([
    ['tsdb', 50],
    ['tsdb', 50],
    ['tsdb', 100],
  ])
})
