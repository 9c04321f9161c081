import { describe, expect, test } from 'vitest'
import { tsuidToHex } from '../../../lib/codec/tsuid.ts'
import { isResolved, type Resolution, SeriesResolver, type UidSource } from '../../../lib/ingest/series-resolver.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS, type SeriesName, type UidKind } from '../../../lib/model/series.ts'
import { UidsExhaustedError } from '../../../lib/uid/errors.ts'

/** Gives names UIDs from 1 in order of asking, `room` of each kind, and writes down what it was asked. */
class CountingUids implements UidSource {
  readonly widths = DEFAULT_UID_WIDTHS
  readonly asked: string[] = []
  room = Number.POSITIVE_INFINITY
  currentEpoch = 0
  readonly #uids = {
    metric: new Map<string, number>(),
    tagk: new Map<string, number>(),
    tagv: new Map<string, number>(),
  }

  async epoch(): Promise<number> {
    return this.currentEpoch
  }

  async assign(kind: UidKind, names: Iterable<string>): Promise<Map<string, number | UidsExhaustedError>> {
    const uids = this.#uids[kind]
    const answers = [...names].map((name) => {
      this.asked.push(`${kind} ${name}`)
      if (!uids.has(name) && uids.size < this.room) uids.set(name, uids.size + 1)
      return [name, uids.get(name) ?? new UidsExhaustedError(kind, 3)] as const
    })
    return new Map(answers)
  }
}

const series = (metric: string, ...tags: [string, string][]): SeriesName => ({ metric, tags })
/** Each name in a record of its own. */
const resolveAll = async (resolver: SeriesResolver, ...names: SeriesName[]): Promise<Resolution[]> =>
  (await resolver.resolve(names.map((name) => [name]))).flat()

/** The TSUID in hex, or the fault. */
function shown(resolution: Resolution | undefined): string | undefined {
  return resolution !== undefined && isResolved(resolution) ? tsuidToHex(resolution.tsuid) : resolution?.fault
}

describe('SeriesResolver', () => {
  test('makes TSUIDs of metric and tags, tags sorted by key UID', async () => {
    const resolver = new SeriesResolver(new CountingUids(), DEFAULT_LIMITS)
    const names = [series('m', ['b', 'x']), series('n', ['a', 'y'], ['b', 'x'])]
    expect((await resolveAll(resolver, ...names)).map(shown)).toEqual([
      '00000100000100000001',
      '0000020000010000000100000200000002',
    ])
  })

  test('asks for a series once, whichever record it comes in', async () => {
    const uids = new CountingUids()
    const resolver = new SeriesResolver(uids, DEFAULT_LIMITS)
    const [a, b] = await resolveAll(resolver, series('m', ['k', 'v']), series('m', ['k', 'v']))
    const [c] = await resolveAll(resolver, series('m', ['k', 'v']))
    expect(uids.asked).toEqual(['metric m', 'tagk k', 'tagv v'])
    expect(shown(a)).toBe('00000100000100000001')
    expect(b).toBe(a)
    expect(c).toBe(a)
  })

  test('does not take names with a NUL in them for another series', async () => {
    const resolver = new SeriesResolver(new CountingUids(), DEFAULT_LIMITS)
    const legal = series('m', ['k', 'v'], ['l', 'w'])
    const alike = series('m', ['k', 'v\0l\0w'])
    const [first, second] = await resolveAll(resolver, legal, alike)
    expect(shown(first)).toBe('0000010000010000000100000200000002')
    expect(shown(second)).toContain('illegal character')
  })

  test('asks again for names that got no UID, as room may have been made', async () => {
    const uids = new CountingUids()
    uids.room = 0
    const resolver = new SeriesResolver(uids, DEFAULT_LIMITS)
    const name = series('m', ['k', 'v'])
    expect((await resolveAll(resolver, name)).map(shown)).toEqual([expect.stringContaining('No metric UIDs are left')])
    uids.room = 1
    expect((await resolveAll(resolver, name)).map(shown)).toEqual(['00000100000100000001'])
  })

  const refuses = (what: string, name: SeriesName, fault: string) =>
    test(`refuses ${what} without asking for UIDs`, async () => {
      const uids = new CountingUids()
      const [resolution] = await resolveAll(new SeriesResolver(uids, DEFAULT_LIMITS), name)
      expect(shown(resolution)).toContain(fault)
      expect(uids.asked).toEqual([])
    })

  refuses('a series without tags', series('m'), 'Missing tags')
  refuses('an illegal metric', series('m m', ['k', 'v']), 'Invalid metric name ("m m")')
  refuses('an empty tag value', series('m', ['k', '']), 'Invalid tag value: empty string')
  refuses('tags out of order', series('m', ['b', 'v'], ['a', 'v']), 'the tag a stands out of order')
  refuses(
    'more tags than are allowed',
    series('m', ...Array.from({ length: 9 }, (_, i): [string, string] => [`k${i}`, 'v'])),
    '9 tags, limits.tags allows 8',
  )

  test('forgets everything when names were renamed or deleted', async () => {
    const uids = new CountingUids()
    const resolver = new SeriesResolver(uids, DEFAULT_LIMITS)
    expect(await resolver.refresh()).toBe(false)
    await resolver.resolve([[series('m', ['k', 'v'])]])
    expect(await resolver.refresh()).toBe(false)
    uids.currentEpoch = 1
    expect(await resolver.refresh()).toBe(true)
    await resolver.resolve([[series('m', ['k', 'v'])]])
    expect(uids.asked).toHaveLength(6)
  })

  test('remembers no more series than it may', async () => {
    const uids = new CountingUids()
    const resolver = new SeriesResolver(uids, DEFAULT_LIMITS, 4)
    for (const host of ['a', 'b', 'c', 'a']) await resolver.resolve([[series('m', ['host', host])]])
    expect(uids.asked.filter((asked) => asked === 'tagv a')).toHaveLength(2)
  })
})
