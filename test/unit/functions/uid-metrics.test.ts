import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'

beforeEach(() => {
  vi.resetModules()
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'tsdb')
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
  const { metered } = await import('../../../functions/metered.ts')
  const invoke = (...given: Parameters<typeof publishUids>[]) =>
    metered(() => {
      for (const each of given) publishUids(...each)
    })()
  await invoke(['metric', 2 ** 23 - 1])
  await invoke(['metric', 2 ** 23])
  await invoke(['tagv', 2 ** 31], ['tagv', 2 ** 33], ['metric', 2 ** 23])
  const used = lines
    .map((line) => JSON.parse(line))
    .map(({ service, UidsUsed }) => [service, UidsUsed === undefined ? undefined : Math.round(UidsUsed)])
  expect(used).toEqual([
    // that the instance started
    ['tsdb', undefined],
    ['tsdb', 50],
    ['tsdb', 100],
  ])
})
