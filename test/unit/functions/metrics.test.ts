import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

let metrics: typeof import('../../../functions/metrics.ts')
let metered: typeof import('../../../functions/metered.ts').metered
let lines: Record<string, unknown>[] = []

beforeEach(async () => {
  vi.resetModules()
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'mine')
  // metrics go through the global console, where a test can look
  vi.stubEnv('POWERTOOLS_DEV', 'true')
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false')
  vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(JSON.parse(line)))
  metrics = await import('../../../functions/metrics.ts')
  ;({ metered } = await import('../../../functions/metered.ts'))
})

afterEach(() => {
  lines = []
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const nothing = () => metered(() => undefined)()

describe('metered(handler)', () => {
  it('prints one line an invocation in CloudWatch’s embedded format, under the deployment’s name', async () => {
    const answer = await metered(async (n: number) => {
      metrics.count('PointsAccepted', n)
      metrics.count('PointsAccepted', 1)
      return 'answer'
    })(499)
    expect(answer).toBe('answer')
    expect(lines).toMatchObject([
      {
        _aws: {
          CloudWatchMetrics: [
            {
              Namespace: 'tsdb',
              Dimensions: [['service']],
              Metrics: [
                { Name: 'PointsAccepted', Unit: 'Count' },
                { Name: 'ColdStarts', Unit: 'Count' },
              ],
            },
          ],
        },
        service: 'mine',
        PointsAccepted: 500,
        ColdStarts: 1,
      },
    ])
  })

  it('prints nothing where there is nothing to say, and says that an instance started once', async () => {
    await nothing()
    await nothing()
    expect(lines.map(({ ColdStarts }) => ColdStarts)).toEqual([1])
  })

  it('publishes what a failed invocation did, and throws its error', async () => {
    const failing = metered(async () => {
      metrics.count('PointsStored', 7)
      throw new Error('no')
    })
    await expect(failing()).rejects.toThrow('no')
    expect(lines).toMatchObject([{ PointsStored: 7 }])
  })

  it('says of a measurement the greatest, and of a lag also that there was none', async () => {
    await metered(() => {
      metrics.measure('PutToReadable', 0)
      metrics.measure('SealLag', 5)
      metrics.measure('SealLag', 9)
      metrics.measure('SealLag', 3)
    })()
    expect(lines).toMatchObject([{ PutToReadable: 0, SealLag: 9 }])
  })

  it('says of totals what the invocation added to them', async () => {
    let units = 10
    metrics.watchTotals(() => ({ ReadUnits: units, WriteUnits: 4 }))
    units += 3
    await nothing()
    await nothing()
    units += 2
    await nothing()
    expect(lines.map(({ ReadUnits, WriteUnits }) => [ReadUnits, WriteUnits])).toEqual([
      [3, undefined],
      [2, undefined],
    ])
  })
})
