import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { joinPoints, lastExpiry, pickPoints, slicePoints, visiblePoints } from '../../../lib/model/pick-points.ts'
import { hasExtras } from '../../../lib/model/points.ts'
import { anyHourPointsWithExtras, hourPoints, plainPoints } from '../../helpers/points.ts'

const HOUR = 1_356_998_400

describe('pickPoints, slicePoints, joinPoints', () => {
  it('take each point with all that it has', () => {
    fc.assert(
      fc.property(anyHourPointsWithExtras, fc.nat(), fc.nat(), (list, a, b) => {
        const points = hourPoints(HOUR, list)
        const all = plainPoints(points)
        const [one, other] = [a % (all.length + 1), b % (all.length + 1)]
        const [from, to] = [Math.min(one, other), Math.max(one, other)]
        expect(plainPoints(slicePoints(points, from, to))).toEqual(all.slice(from, to))
        const every2nd = Uint32Array.from({ length: all.length >> 1 }, (_, i) => i * 2)
        expect(plainPoints(pickPoints(points, every2nd))).toEqual([...every2nd].map((i) => all[i]))
        const cut = [slicePoints(points, 0, from), slicePoints(points, from, to), slicePoints(points, to, all.length)]
        expect(plainPoints(joinPoints(cut))).toEqual(all)
      }),
    )
  })

  it('look, where there are many slices, each at its own points alone for when their times come', () => {
    const count = 100
    const expiries = new Float64Array(count)
    expiries[count - 1] = HOUR
    const columns = hourPoints(
      HOUR,
      Array.from({ length: count }, (_, i) => ({ offsetMs: i * 1000, value: i })),
    )
    const points = { ...columns, count, expiries }
    const looks = vi.spyOn(Object.getPrototypeOf(Float64Array.prototype), 'some')
    const slices = Array.from({ length: count }, (_, i) => slicePoints(points, i, i + 1))
    const looked = looks.mock.contexts.reduce((sum: number, array) => sum + (array as Float64Array).length, 0)
    looks.mockRestore()
    expect(looked).toBeLessThanOrEqual(count)
    expect(slices.map((slice) => slice.expiries?.[0] ?? 0)).toEqual([...expiries])
  })
})

describe('visiblePoints(points, nowS, numbersOnly)', () => {
  const points = hourPoints(HOUR, [
    { offsetMs: 0, value: 1n },
    { offsetMs: 1000, value: 2n, expiry: HOUR + 60 },
    { offsetMs: 2000, value: 'three', expiry: HOUR + 61 },
    { offsetMs: 3000, value: 'four' },
    { offsetMs: 4000, value: 2n ** 62n },
  ])
  const seen = (nowS: number, numbersOnly?: boolean) =>
    plainPoints(visiblePoints(points, nowS, numbersOnly)).map(({ value }) => value)

  it('leaves out points from the second on at which their time comes', () => {
    expect(seen(HOUR + 59)).toEqual([1, 2, 'three', 'four', 2n ** 62n])
    expect(seen(HOUR + 60)).toEqual([1, 'three', 'four', 2n ** 62n])
    expect(seen(HOUR + 61)).toEqual([1, 'four', 2n ** 62n])
  })

  it('leaves out texts where numbers alone are wanted', () => {
    expect(seen(HOUR, true)).toEqual([1, 2, 2n ** 62n])
  })

  it('gives back the very same points where there is nothing to leave out', () => {
    const plain = hourPoints(HOUR, [{ offsetMs: 0, value: 1n }])
    expect(hasExtras(plain)).toBe(false)
    expect(visiblePoints(plain, HOUR * 2, true)).toBe(plain)
    expect(visiblePoints(points, HOUR)).toBe(points)
  })
})

describe('lastExpiry(points)', () => {
  const of = (...expiries: number[]) =>
    lastExpiry(
      hourPoints(
        HOUR,
        expiries.map((expiry, i) => ({ offsetMs: i * 1000, value: 1, expiry })),
      ),
    )

  it('is when the last of the points is not seen any more', () => {
    expect(of(HOUR + 60, HOUR + 90, HOUR + 30)).toBe(HOUR + 90)
  })

  it('is never where a point is kept for ever', () => {
    expect(of(HOUR + 60, 0)).toBeUndefined()
    expect(of(0)).toBeUndefined()
  })
})
