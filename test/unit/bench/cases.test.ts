import { describe, expect, it } from 'vitest'
import { type Fleet, HUNDRED_HOSTS, pointCount, putBodies, seriesValues } from '../../../bench/cases.ts'

const small: Fleet = { ...HUNDRED_HOSTS, hosts: 3, metrics: 4, steps: 5, stepS: 10, pointsPerRequest: 7 }

describe('putBodies', () => {
  it('holds every point of the fleet once, in requests of the given size', () => {
    const requests: { metric: string; timestamp: number; value: number; tags: { host: string } }[][] = putBodies(
      small,
      1795312800,
    ).map((body) => JSON.parse(body))
    expect(requests.map((points) => points.length)).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 4])
    const points = requests.flat()
    expect(new Set(points.map(({ metric, timestamp, tags }) => `${metric} ${timestamp} ${tags.host}`)).size).toBe(60)
    expect(points).toHaveLength(pointCount(small))
    const ofOne = points.filter(({ metric, tags }) => metric === 'bench.host.metric1' && tags.host === 'web0002')
    expect(ofOne.map(({ value }) => value)).toEqual([...seriesValues(small, { host: 2, metric: 1 })])
    expect(ofOne.map(({ timestamp }) => timestamp)).toEqual([0, 10, 20, 30, 40].map((s) => 1795312800 + s))
  })
})

describe('seriesValues', () => {
  it('gives a series the same values however large the fleet is', () => {
    const one = { host: 1, metric: 0 }
    expect(seriesValues({ ...small, hosts: 1000 }, one)).toEqual(seriesValues(small, one))
    expect(seriesValues({ ...small, seed: small.seed + 1 }, one)).not.toEqual(seriesValues(small, one))
  })
})
