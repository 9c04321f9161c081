// npm run bench -- series [--json]
import { strictEqual } from 'node:assert'
import { hashTsuid } from '../lib/codec/tsuid.ts'
import { foldSeriesLog } from '../lib/ingest/index-series.ts'
import { SeriesNoter } from '../lib/ingest/series-noter.ts'
import type { NotedDays, ResolvedSeries } from '../lib/ingest/series-resolver.ts'
import { mapParallel } from '../lib/store/parallel.ts'
import { setFunctionEnvironment, startEmulators } from './emulators.ts'
import { hostTsuid, openCountingStore, type Units, WIDTHS } from './index-units.ts'
import type { Report } from './report.ts'

const METRIC = 1
const BURST = 100_000
/** Series that one batch of the stream brings in the burst. */
const SERIES_A_BATCH = 10_000
/** What a log holds before it is folded. */
const TRICKLE = 4096
/** New series between one look at the log and the next. */
const TRICKLE_BETWEEN_FOLDS = 512
const AT_A_TIME = 16

/**
 * What new series cost in the index, by DynamoDB's own count: 100,000 hosts, each with five tags, that begin to report a
 * metric all at once, and then further ones each in a batch of its own. From the series log through folding to its
 * deletion; the UIDs of new names, which all metrics of a host share, are apart (`units` counts them).
 */
export async function run(report: Report): Promise<void> {
  const emulators = await startEmulators()
  setFunctionEnvironment(emulators)
  try {
    const { store, take } = openCountingStore(emulators.dynamo)
    const fold = () => foldSeriesLog({ ...store, widths: WIDTHS }, METRIC)
    const tell = (phase: string, step: string, units: Units, series: number, startedAt: number) => {
      const figure = (metric: string, value: number, unit: string) =>
        report({ bench: 'series', case: phase, metric: `${step}: ${metric}`, value, unit })
      figure('write units', units.writeUnits / (series / 1000), 'units/1000 series')
      figure('read units', units.readUnits / (series / 1000), 'units/1000 series')
      figure('requests', units.requests / (series / 1000), 'requests/1000 series')
      figure('time', (performance.now() - startedAt) / 1000, 's')
      return units.writeUnits
    }

    const burst = `${BURST.toLocaleString('en-US')} in batches of ${SERIES_A_BATCH.toLocaleString('en-US')}`
    const noter = new SeriesNoter(store.seriesLog, store.postings)
    let startedAt = performance.now()
    for (let at = 0; at < BURST; at += SERIES_A_BATCH) await noter.note(newSeries(at, SERIES_A_BATCH))
    let written = tell(burst, 'noting', take(), BURST, startedAt)
    startedAt = performance.now()
    strictEqual((await fold()).folded, BURST)
    written += tell(burst, 'folding', take(), BURST, startedAt)
    total(report, burst, written / BURST)

    // A consumer whose caches are cold, as after a deployment, sees all of them once more and writes none.
    startedAt = performance.now()
    const cold = new SeriesNoter(store.seriesLog, store.postings)
    for (let at = 0; at < BURST; at += SERIES_A_BATCH) await cold.note(newSeries(at, SERIES_A_BATCH))
    strictEqual(tell('the same on a cold start', 'noting', take(), BURST, startedAt), 0)

    const trickle = `${TRICKLE.toLocaleString('en-US')} more, each by itself`
    startedAt = performance.now()
    const noting: Units = { requests: 0, readUnits: 0, writeUnits: 0 }
    const folding: Units = { requests: 0, readUnits: 0, writeUnits: 0 }
    for (let at = 0; at < TRICKLE; at += TRICKLE_BETWEEN_FOLDS) {
      const hosts = Array.from({ length: TRICKLE_BETWEEN_FOLDS }, (_, i) => BURST + at + i)
      await mapParallel(hosts, AT_A_TIME, (host) => noter.note(newSeries(host, 1)))
      add(noting, take())
      await fold()
      add(folding, take())
    }
    written =
      tell(trickle, 'noting', noting, TRICKLE, startedAt) + tell(trickle, 'folding', folding, TRICKLE, startedAt)
    total(report, trickle, written / TRICKLE)
    strictEqual((await store.index.find(METRIC, [])).series.length, BURST + TRICKLE)
    store.close()
  } finally {
    await emulators.stop()
  }
}

function total(report: Report, phase: string, value: number): void {
  report({
    bench: 'series',
    case: phase,
    metric: 'in all: write units',
    value: value * 1000,
    unit: 'units/1000 series',
  })
}

function add(to: Units, more: Units): void {
  to.requests += more.requests
  to.readUnits += more.readUnits
  to.writeUnits += more.writeUnits
}

/** Series of hosts as the consumer has them when it sees them for the first time, with points of one day. */
function newSeries(from: number, count: number): [ResolvedSeries, NotedDays][] {
  return Array.from({ length: count }, (_, i) => {
    const tsuid = hostTsuid(METRIC, from + i)
    return [
      { tsuid, metric: METRIC, hash: hashTsuid(tsuid), noted: undefined },
      { firstDay: 20_000, lastDay: 20_000 },
    ]
  })
}
