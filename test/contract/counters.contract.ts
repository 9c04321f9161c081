import { describe, expect, it } from 'vitest'
import { CounterStore, SNAPSHOT_S, SNAPSHOTS_KEPT_S } from '../../lib/store/counters.ts'
import { type Consumed, Dynamo, openClient } from '../../lib/store/dynamo.ts'
import { type RunningDynamo, TABLES } from '../helpers/dynamo.ts'
import { useStores } from './stores.ts'

const NOW_S = 1_356_998_425

/**
 * What the counters of functions promise, whatever DynamoDB is behind them.
 * @param start starts one with its empty tables
 */
export function countersContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`Counters on ${name}`, () => {
    const { openFresh } = useStores(start)
    const open = async () => {
      const { endpoint, stop } = await openFresh()
      const consumed: Consumed[] = []
      const clock = { s: NOW_S }
      const dynamo = new Dynamo({
        client: openClient(endpoint),
        retry: { deadlineMs: 10_000 },
        onConsumed: (one) => consumed.push(one),
      })
      const counters = new CounterStore(dynamo, TABLES.counters, () => clock.s * 1000)
      const close = async () => {
        dynamo.close()
        await stop()
      }
      return { counters, clock, consumed, close }
    }

    it('add up what several add at once, function by function, and keep the latest of what is no sum', async () => {
      const { counters, clock, close } = await open()
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          counters.add(i % 2 === 0 ? 'put' : 'consume', { Calls: i, ReadUnits: 0.5 }, {}),
        ),
      )
      clock.s += 7
      await counters.add('consume', { SeriesFound: 3 }, { LagMs: 250 })
      await counters.add('consume', {}, { LagMs: 90 })
      expect(await counters.read()).toEqual([
        {
          function: 'consume',
          at: (NOW_S + 7) * 1000,
          since: NOW_S * 1000,
          figures: { Calls: 100, ReadUnits: 5, SeriesFound: 3, LagMs: 90 },
        },
        { function: 'put', at: NOW_S * 1000, since: NOW_S * 1000, figures: { Calls: 90, ReadUnits: 5 } },
      ])
      await close()
    })

    it('cost a write unit an addition, and two more for a snapshot every five minutes', async () => {
      const { counters, clock, consumed, close } = await open()
      const unitsOf = async () => {
        consumed.length = 0
        await counters.add('put', { Calls: 1 }, {})
        return consumed.reduce((sum, { writeUnits }) => sum + writeUnits, 0)
      }
      expect(await unitsOf()).toBe(3)
      expect(await unitsOf()).toBe(1)
      clock.s += SNAPSHOT_S
      expect(await unitsOf()).toBe(3)
      expect(await unitsOf()).toBe(1)
      await close()
    })

    it('take snapshots that a time is asked for by, in order, and that expire', async () => {
      const { counters, clock, close } = await open()
      for (let i = 0; i < 4; i++) {
        await counters.add('seal', { Calls: 1 }, {})
        await counters.add('put', { Calls: 10 }, {})
        clock.s += SNAPSHOT_S
      }
      const found = await counters.snapshots(NOW_S, NOW_S + 2 * SNAPSHOT_S)
      expect(found.map((one) => [one.function, one.at / 1000 - NOW_S, one.figures.Calls])).toEqual([
        ['put', 300, 20],
        ['seal', 300, 2],
        ['put', 600, 30],
        ['seal', 600, 3],
      ])
      // More than the API lets be asked for, and so little that nothing old is read for long.
      expect(SNAPSHOTS_KEPT_S).toBeGreaterThan(168 * 3600)
      await close()
    })
  })
}
