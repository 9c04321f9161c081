import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  deleteAnnotations,
  listAnnotations,
  saveAnnotation,
  saveAnnotations,
} from '../../lib/annotation/annotations.ts'
import type { AnnotationPatch } from '../../lib/annotation/request.ts'
import type { Annotation } from '../../lib/model/annotation.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { annotationKey } from '../../lib/store/annotations.ts'
import { documentedBytes } from '../helpers/docs.ts'
import type { RunningDynamo } from '../helpers/dynamo.ts'
import { hex, range, useStores } from './stores.ts'

const HOUR = 1_356_998_400

const tsuidOf = (metric: number, host: number) =>
  `${metric.toString(16).padStart(6, '0')}000001${host.toString(16).padStart(8, '0')}`.toUpperCase()

const patch = (startTime: number, fields: Partial<AnnotationPatch> = {}): AnnotationPatch => ({
  tsuid: '',
  startTime,
  endTime: undefined,
  description: undefined,
  notes: undefined,
  custom: undefined,
  ...fields,
})

const all = (tsuids: readonly string[], global = false, from = 0, to = 2 ** 47) => ({ tsuids, global, from, to })

/**
 * What annotations promise, whatever DynamoDB is behind them.
 * @param start starts one with the four empty tables
 */
export function annotationsContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`Annotations on ${name}`, () => {
    const { open, openFresh } = useStores(start)
    const widths = DEFAULT_UID_WIDTHS

    it('change field by field, or are replaced whole', async () => {
      const { annotations } = open()
      const first = { description: 'd', notes: 'n', custom: { owner: 'me' }, endTime: HOUR + 5 }
      await saveAnnotation(annotations, patch(HOUR, first), false)
      const merged = await saveAnnotation(annotations, patch(HOUR, { description: 'other' }), false)
      expect(merged).toEqual({ tsuid: '', startTime: HOUR, ...first, description: 'other' })
      expect((await annotations.get({ tsuid: '', startTime: HOUR * 1000 }))?.annotation).toEqual(merged)
      const replaced = await saveAnnotation(annotations, patch(HOUR, { notes: 'only' }), true)
      expect(replaced).toEqual({ tsuid: '', startTime: HOUR, endTime: 0, description: '', notes: 'only' })
      expect(await saveAnnotation(annotations, patch(HOUR), true)).toBeUndefined()
      await annotations.delete({ tsuid: '', startTime: HOUR })
      expect(await annotations.get({ tsuid: '', startTime: HOUR })).toBeUndefined()
      await annotations.delete({ tsuid: '', startTime: HOUR })
    })

    it('keep what several clients change at once', async () => {
      const stores = range(4, () => open().annotations)
      const of = { tsuid: tsuidOf(9, 1), startTime: HOUR }
      await Promise.all([
        saveAnnotation(stores[0]!, patch(HOUR, { ...of, description: 'd' }), false),
        saveAnnotation(stores[1]!, patch(HOUR, { ...of, notes: 'n' }), false),
        saveAnnotation(stores[2]!, patch(HOUR, { ...of, custom: { a: 'b' } }), false),
        saveAnnotation(stores[3]!, patch(HOUR, { ...of, endTime: HOUR + 1 }), false),
      ])
      const { annotation } = (await stores[0]!.get(of)) ?? {}
      expect(annotation).toEqual({ ...of, description: 'd', notes: 'n', custom: { a: 'b' }, endTime: HOUR + 1 })
    })

    it('are not stored over what somebody else stored meanwhile', async () => {
      const { annotations } = open()
      const one: Annotation = { tsuid: '', startTime: HOUR + 7, endTime: 0, description: 'one', notes: '' }
      expect(await annotations.put(one, undefined)).toBe(true)
      expect(await annotations.put({ ...one, description: 'two' }, undefined)).toBe(false)
      // the same once more is our own write, whose answer was lost
      expect(await annotations.put(one, undefined)).toBe(true)
      expect((await annotations.get(one))?.annotation.description).toBe('one')
    })

    it('of a bulk are stored in their order where they are of the same time', async () => {
      const { annotations } = open()
      const texts = ['a', 'b', 'c', 'd']
      const patches = texts.map((description, i) =>
        patch(i % 2 === 0 ? HOUR + 60 : (HOUR + 60) * 1000, { description }),
      )
      const saved = await saveAnnotations(annotations, [...patches, patch(HOUR + 61)], false)
      expect(saved.map(({ description }) => description)).toEqual([...texts, ''])
      expect((await annotations.get({ tsuid: '', startTime: HOUR + 60 }))?.annotation.description).toBe('d')
      expect(await annotations.get({ tsuid: '', startTime: HOUR + 61 })).toBeUndefined()
    })

    it('are found by range as a plain filter would find them', { timeout: 60_000 }, async () => {
      const { store, stop } = await openFresh()
      const time = fc.oneof(
        fc.integer({ min: HOUR, max: HOUR + 9 }),
        fc.integer({ min: HOUR * 1000, max: HOUR * 1000 + 9000 }),
      )
      const who = fc.constantFrom('', tsuidOf(1, 1), tsuidOf(1, 2), tsuidOf(2, 1))
      const noted = new Map<string, Annotation>()
      await fc.assert(
        fc.asyncProperty(who, time, time, time, async (tsuid, startTime, a, b) => {
          const ms = (given: number) => (given > 2 ** 32 ? given : given * 1000)
          const saved = await saveAnnotation(store.annotations, patch(startTime, { tsuid, notes: 'x' }), true)
          if (saved !== undefined) noted.set(`${tsuid} ${ms(startTime)}`, saved)
          const [from, to] = [Math.min(ms(a), ms(b)), Math.max(ms(a), ms(b))]
          const wanted = [tsuidOf(1, 2), tsuidOf(2, 1)]
          const found = await listAnnotations(store.annotations, all(wanted, true, from, to), widths)
          const expected = [...noted.values()].filter(
            (one) => ['', ...wanted].includes(one.tsuid) && ms(one.startTime) >= from && ms(one.startTime) <= to,
          )
          expect(found).toHaveLength(expected.length)
          expect(new Set(found)).toEqual(new Set(expected))
          expect(found.map(({ startTime: at }) => ms(at))).toEqual(
            expected.map(({ startTime: at }) => ms(at)).sort((x, y) => x - y),
          )
        }),
        { numRuns: 60 },
      )
      await stop()
    })

    it('are found however far around them a range reaches', async () => {
      const { annotations } = open()
      await saveAnnotation(annotations, patch(HOUR, { description: 'far', tsuid: tsuidOf(77, 1) }), false)
      const found = []
      for await (const page of annotations.range(77, -(2 ** 53), 2 ** 53)) found.push(...page)
      expect(found.map(({ description }) => description)).toEqual(['far'])
      for await (const page of annotations.range(77, 2 ** 50, 2 ** 53)) expect(page).toEqual([])
    })

    it('of a range are deleted, those of other series and of outside are not', async () => {
      const { store, stop } = await openFresh()
      const { annotations } = store
      const series = [tsuidOf(1, 1), tsuidOf(1, 2), '']
      const patches = series.flatMap((tsuid) => range(60, (i) => patch(HOUR + i, { tsuid, notes: String(i) })))
      await saveAnnotations(annotations, patches, false)
      const fourth = all([tsuidOf(1, 1)], false, (HOUR + 10) * 1000, (HOUR + 49) * 1000)
      expect(await deleteAnnotations(annotations, fourth, widths)).toBe(40)
      expect(await deleteAnnotations(annotations, fourth, widths)).toBe(0)
      expect(await listAnnotations(annotations, all([tsuidOf(1, 1)]), widths)).toHaveLength(20)
      expect(await listAnnotations(annotations, all([tsuidOf(1, 2)], true), widths)).toHaveLength(120)
      await stop()
    })

    it('of a month cost one request', async () => {
      const requests: string[] = []
      const { store, stop } = await openFresh({ onConsumed: ({ operation }) => requests.push(operation) })
      expect(await listAnnotations(store.annotations, all([tsuidOf(1, 1)], false, 0, 2 ** 41), widths)).toEqual([])
      expect(requests).toEqual(['Query'])
      await stop()
    })

    it('lie under the documented keys', () => {
      const keys = ['00000100000100000001', ''].map((tsuid) => annotationKey({ tsuid, startTime: HOUR + 25 }, widths))
      expect(keys.map(({ pk, sk }) => hex(pk) + hex(sk)).join('')).toBe(
        hex(
          documentedBytes(
            'format/tables.md',
            'the keys of an annotation of metric 1 with tag 1=1, and of a global one, both at 00:00:25',
          ),
        ),
      )
    })
  })
}
