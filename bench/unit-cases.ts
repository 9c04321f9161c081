import { packBatch } from '../lib/codec/stream-record.ts'
import { KIND_FLOAT, type PointBatch, PointColumnsBuilder } from '../lib/model/points.ts'
import type { SeriesName } from '../lib/model/series.ts'
import { type Fleet, hostName, metricName, mulberry32, seriesValues } from './cases.ts'

/** Seconds that records gather before they are consumed: the template's default. */
export const WINDOW_S = 5

const HOUR_S = 3_600

/** An hour of a fleet whose hosts report evenly spread over the step, each all of its metrics at once. */
function hourOf(hosts: number, metrics: number, stepS: number, pointsPerRequest = 500): Fleet {
  const name = `hosts=${hosts} metrics=${metrics} step=${stepS}s batch=${pointsPerRequest}`
  return { name, hosts, metrics, stepS, steps: HOUR_S / stepS, pointsPerRequest, seed: 20261122 }
}

/** Of 1,000 hosts with few metrics, of 100 with many, and of 3,000 metrics that hardly share anything. */
export const HOURS: readonly Fleet[] = [60, 10].flatMap((stepS) => [
  hourOf(1000, 10, stepS),
  hourOf(100, 300, stepS),
  hourOf(10, 3000, stepS),
])

/** Devices that send each point by itself. */
export const DEVICES: Fleet = hourOf(1000, 10, 60, 1)

/** The points of a fleet's hour, and what they look like on the stream. */
export class FleetHour {
  readonly fleet: Fleet
  readonly baseTime: number
  readonly #series: readonly SeriesName[]
  readonly #values: readonly Float64Array[]

  /** @param baseTime seconds since 1970, the hour's start */
  constructor(fleet: Fleet, baseTime: number) {
    this.fleet = fleet
    this.baseTime = baseTime
    const series: SeriesName[] = []
    const values: Float64Array[] = []
    for (let host = 0; host < fleet.hosts; host++) {
      for (let metric = 0; metric < fleet.metrics; metric++) {
        const tags = [['dc', `dc${host % 4}`] as const, ['host', hostName(host)] as const]
        series.push({ metric: metricName(metric), tags: tags.map(([tagk, tagv]) => [tagk, tagv]) })
        values.push(seriesValues(fleet, { host, metric }))
      }
    }
    this.#series = series
    this.#values = values
  }

  /** Seconds since 1970 of a host's report. */
  time(host: number, step: number): number {
    const { stepS, hosts } = this.fleet
    return this.baseTime + step * stepS + Math.floor((host * stepS) / hosts)
  }

  value(host: number, metric: number, step: number): number {
    return this.#values[host * this.fleet.metrics + metric]![step]!
  }

  /** The stream records of the requests that came in the window that starts at `fromS` seconds of the hour, of one host in `hostStep`. */
  records(fromS: number, hostStep = 1): Uint8Array[] {
    const points = new Gathered(this)
    const { hosts, steps, stepS } = this.fleet
    const step = Math.floor(fromS / stepS)
    for (let at = step; at < Math.min(steps, step + Math.ceil(WINDOW_S / stepS) + 1); at++) {
      for (let host = 0; host < hosts; host += hostStep) {
        const second = this.time(host, at) - this.baseTime
        if (second < fromS || second >= fromS + WINDOW_S) continue
        for (let metric = 0; metric < this.fleet.metrics; metric++) points.add(host, metric, at)
      }
    }
    return points.records
  }

  /** Records of all points of one host in a hundred (one at least, then a part of its time), as after it was cut off. */
  backlogRecords(): Uint8Array[] {
    const { hosts, metrics, steps } = this.fleet
    const points = new Gathered(this)
    const lateHosts = Math.max(1, Math.round(hosts / 100))
    const lateSteps = Math.round((steps * hosts) / 100 / lateHosts)
    for (let host = 0; host < lateHosts; host++) {
      for (let step = 0; step < lateSteps; step++)
        for (let metric = 0; metric < metrics; metric++) points.add(host, metric, step)
    }
    return points.records
  }

  /** Records of one point in a hundred, by chance, in lots of equal size. */
  strewnRecords(lots: number): Uint8Array[][] {
    const { hosts, metrics, steps, seed } = this.fleet
    const random = mulberry32(seed)
    const gathered = Array.from({ length: lots }, () => new Gathered(this))
    let next = 0
    for (let step = 0; step < steps; step++) {
      for (let host = 0; host < hosts; host++) {
        for (let metric = 0; metric < metrics; metric++) {
          if (random() < 0.01) gathered[next++ % lots]!.add(host, metric, step)
        }
      }
    }
    return gathered.map(({ records }) => records)
  }

  nameOf(host: number, metric: number): SeriesName {
    return this.#series[host * this.fleet.metrics + metric]!
  }
}

/** Points in the records that put makes of requests. */
class Gathered {
  readonly #hour: FleetHour
  readonly #records: Uint8Array[] = []
  #series: SeriesName[] = []
  #seriesOf: number[] = []
  #points = new PointColumnsBuilder()

  constructor(hour: FleetHour) {
    this.#hour = hour
  }

  add(host: number, metric: number, step: number): void {
    const value = this.#hour.value(host, metric, step)
    this.#seriesOf.push(this.#series.length)
    this.#series.push(this.#hour.nameOf(host, metric))
    this.#points.push(this.#hour.time(host, step) * 1000, value, Number.isInteger(value) ? 0 : KIND_FLOAT)
    if (this.#points.count === this.#hour.fleet.pointsPerRequest) this.#flush()
  }

  get records(): Uint8Array[] {
    if (this.#points.count > 0) this.#flush()
    return this.#records
  }

  #flush(): void {
    const batch: PointBatch = { ...joinSeries(this.#series, this.#seriesOf), points: this.#points }
    this.#records.push(...packBatch(batch))
    this.#series = []
    this.#seriesOf = []
    this.#points = new PointColumnsBuilder()
  }
}

/** Each series once. */
function joinSeries(
  names: readonly SeriesName[],
  seriesOf: readonly number[],
): Pick<PointBatch, 'series' | 'seriesOf'> {
  const numbers = new Map<SeriesName, number>()
  const joined = Uint32Array.from(seriesOf, (index) => {
    const name = names[index]!
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  })
  return { series: [...numbers.keys()], seriesOf: joined }
}
