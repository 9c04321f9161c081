// npm run bench -- units [--json] [--only TEXT]

import type { Fleet } from './cases.ts'
import { setFunctionEnvironment, startEmulators } from './emulators.ts'
import { billFor, type Measured, PRICES_OF, WAYS, type Way } from './prices.ts'
import type { Report } from './report.ts'
import { DEVICES, HOURS } from './unit-cases.ts'
import { FleetStore, type HourCost } from './unit-hour.ts'
import { ITEM_KINDS, type Units, type UnitsByKind } from './unit-meter.ts'

/** Shards of a stream that begins on demand; its batches are so much smaller. */
const ON_DEMAND_SHARDS = 4

/** Of most fleets one minute in ten is written and one host in ten sealed: all of an hour takes many minutes. */
const SAMPLE = 10

/**
 * What points cost at DynamoDB's meter, by the emulator's ConsumedCapacity: whole hours of fleets through consume, in windows of
 * five seconds of simulated time, and seal, in the layout that seal plans for them. The records are packed as put packs requests of
 * 500 points; Kinesis is left out, so that time can be simulated. What makes new series known is counted apart, and so is what late points cost on top.
 */
export async function run(report: Report, { only = '' }: { readonly only?: string | undefined }): Promise<void> {
  const ofThousandHosts = HOURS.filter(({ hosts }) => hosts === 1000)
  const cases: Case[] = [
    ...HOURS.map((fleet) => ({
      fleet,
      shards: 1,
      withLate: fleet.stepS === 60 && ofThousandHosts.includes(fleet),
      sample: fleet.stepS === 60 && ofThousandHosts.includes(fleet) ? 1 : SAMPLE,
    })),
    { fleet: DEVICES, shards: 1, withLate: false, sample: SAMPLE },
    ...ofThousandHosts.map((fleet) => ({ fleet, shards: ON_DEMAND_SHARDS, withLate: false, sample: SAMPLE })),
  ]
  for (const each of cases) {
    const name = `${each.fleet.name} shards=${each.shards}`
    if (!name.includes(only)) continue
    const cost = await measure(each)
    tell(report, each.fleet, name, cost)
    if (each.shards === 1) tellPrices(report, each.fleet, name, cost)
  }
}

interface Case {
  readonly fleet: Fleet
  readonly shards: number
  /** Whether to measure what late points cost; it takes as long again. */
  readonly withLate: boolean
  /** 1: the whole hour; else one part in this many. */
  readonly sample: number
}

async function measure({ fleet, shards, withLate, sample }: Case): Promise<HourCost> {
  const emulators = await startEmulators()
  setFunctionEnvironment(emulators)
  try {
    return await new FleetStore(fleet, shards, emulators.dynamo).measure(withLate, sample)
  } finally {
    await emulators.stop()
  }
}

function tell(report: Report, fleet: Fleet, name: string, cost: HourCost): void {
  const { points, hour, firstSight } = cost
  const series = fleet.hosts * fleet.metrics
  const figure = (metric: string, value: number, unit: string) =>
    report({ bench: 'units', case: name, metric, value, unit })
  figure('points a second', points / 3600, 'points/s')
  figure('shelves', cost.shelves, 'shelves')
  figure('write units', sum(hour, 'writes') / points, 'units/point')
  for (const kind of ITEM_KINDS) {
    if (hour[kind].writes > 0) figure(`write units of ${kind}`, hour[kind].writes / points, 'units/point')
  }
  figure('points in a write unit of blocks', points / hour.blocks.writes, 'points/unit')
  figure('read units', sum(hour, 'reads') / points, 'units/point')
  figure('requests', (sum(hour, 'requests') / points) * 1e6, 'requests/million points')
  for (const [late, units] of Object.entries(cost.late ?? {})) {
    figure(`write units with 1 % late, ${late}`, (sum(hour, 'writes') + sum(units, 'writes')) / points, 'units/point')
  }
  figure('new series: write units of the index', firstSight['series index'].writes / series, 'units/series')
  figure('new series: write units of names', firstSight.names.writes / series, 'units/series')
  figure('bytes of blocks', cost.blockBytes / points, 'bytes/point')
  figure('bytes of rows', cost.rowBytes / points, 'bytes/point')
  figure('stream records', (cost.stream.records / points) * 1e6, 'records/million points')
  figure('stream', (cost.stream.kilobytes / points) * 1024, 'bytes/point')
}

/** DynamoDB counts this for each item beside its attributes; the rest is a row's key. */
const ITEM_BYTES = 100 + 40

/** Dollars of a million points, for the ways that such requests may come. */
function tellPrices(report: Report, fleet: Fleet, name: string, cost: HourCost): void {
  const { points, hour } = cost
  const measured: Measured = {
    writeUnits: sum(hour, 'writes') / points,
    readUnits: sum(hour, 'reads') / points,
    streamKilobytes: cost.stream.kilobytes / points,
    rowBytes: (cost.rowBytes + fleet.hosts * fleet.metrics * ITEM_BYTES) / points,
    blockBytes: cost.blockBytes / points,
    pointsPerSecond: points / 3600,
  }
  const ways: readonly Way[] = WAYS.filter((way) => way.pointsPerRequest === fleet.pointsPerRequest)
  for (const way of ways) {
    for (const [metric, value] of Object.entries(billFor(way, measured))) {
      report({
        bench: 'units',
        case: `${name}: ${way.name}`,
        metric: `${metric}, at prices of ${PRICES_OF}`,
        value,
        unit: metric === 'storageMonth' ? 'dollars/million points/month' : 'dollars/million points',
      })
    }
  }
}

function sum(units: UnitsByKind, what: keyof Units): number {
  return Object.values(units).reduce((total, each) => total + each[what], 0)
}
