import { encodeTsuid, hashTsuid } from '../codec/tsuid.ts'
import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import type { Limits } from '../model/limits.ts'
import { type SeriesName, UID_KINDS, type UidKind } from '../model/series.ts'
import type { UidError } from '../uid/errors.ts'
import type { UidResolver } from '../uid/resolver.ts'
import type { PlacedSeries } from './group.ts'
import { javaMapOrder } from './java-text.ts'
import { checkName } from './validate.ts'

/** Series and sets of tags that an instance remembers: about 60 MB when full. */
const CACHED_SERIES = 200_000

/** A series with UIDs; the same object for the same series as long as it is cached. */
export interface ResolvedSeries extends PlacedSeries {
  /** The days for which the series log or the postings are known to hold it; undefined: nobody looked yet. */
  noted: NotedDays | undefined
}

/** Days since 1970, both inclusive. */
export interface NotedDays {
  readonly firstDay: number
  readonly lastDay: number
}

/** Why a series can't be stored. */
export interface UnresolvedSeries {
  readonly fault: string
}

export type Resolution = ResolvedSeries | UnresolvedSeries

export function isResolved(resolution: Resolution): resolution is ResolvedSeries {
  return 'tsuid' in resolution
}

/** The series of one set of tags, by metric. */
type TagSet = Map<string, ResolvedSeries>

/** A series that the cache did not have, and where its resolution belongs. */
interface Miss {
  readonly name: SeriesName
  readonly tagSet: TagSet
  readonly resolutions: (Resolution | undefined)[]
  readonly at: number
}

/** What a resolver needs of the UIDs. */
export type UidSource = Pick<UidResolver, 'widths' | 'epoch' | 'assign'>

/** Says of series that are not known yet which can't be stored, and why, before any of their names gets a UID. */
export type RefuseSeries = (series: readonly SeriesName[]) => Promise<ReadonlyMap<SeriesName, string>>

/** Turns names of series into UIDs, giving new names new ones. */
export class SeriesResolver {
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #uids: UidSource
  readonly #limits: Limits
  readonly #cachedSeries: number
  readonly #refuse: RefuseSeries | undefined
  /**
   * Two steps, tags then metric: hosts report many metrics under the same tags, whose text is put together and looked up
   * once for all of them.
   */
  readonly #tagSets = new Map<string, TagSet>()
  #seriesCount = 0
  #epoch: number | undefined

  /** @param refuse none is refused where it is absent */
  constructor(uids: UidSource, limits: Limits, cachedSeries: number = CACHED_SERIES, refuse?: RefuseSeries) {
    this.#uids = uids
    this.#limits = limits
    this.#cachedSeries = cachedSeries
    this.#refuse = refuse
  }

  /**
   * Looks whether names were renamed or deleted, and if so forgets what it knows.
   * @returns whether it did
   */
  async refresh(): Promise<boolean> {
    const epoch = await this.#uids.epoch()
    const changed = this.#epoch !== undefined && this.#epoch !== epoch
    if (changed) this.#clear()
    this.#epoch = epoch
    return changed
  }

  #clear(): void {
    this.#tagSets.clear()
    this.#seriesCount = 0
  }

  /**
   * @param lists names of series; those with the same tags cost least where they share the array
   * @returns for each list the resolutions of its series, in order
   * @throws UnavailableError where the store does not answer
   */
  async resolve(lists: readonly (readonly SeriesName[])[]): Promise<Resolution[][]> {
    // Misses outlive a cache that is emptied here: each holds on to its own set of tags.
    // Sets of tags are counted too: those of refused series stay empty.
    if (this.#seriesCount + this.#tagSets.size > this.#cachedSeries) this.#clear()
    const misses: Miss[] = []
    const found = lists.map((names) => {
      const resolutions = new Array<Resolution | undefined>(names.length)
      const tagSets = new Map<SeriesName['tags'], TagSet>()
      for (let at = 0; at < names.length; at++) {
        const name = names[at]!
        let tagSet = tagSets.get(name.tags)
        if (tagSet === undefined) {
          tagSet = this.#tagSetOf(name)
          tagSets.set(name.tags, tagSet)
        }
        const known = tagSet.get(name.metric)
        if (known === undefined) misses.push({ name, tagSet, resolutions, at })
        else resolutions[at] = known
      }
      this.cacheCounts.hits += names.length
      return resolutions
    })
    this.cacheCounts.hits -= misses.length
    this.cacheCounts.misses += misses.length
    if (misses.length > 0) await this.#assign(misses)
    return found.map((resolutions) =>
      resolutions.map((resolution) => {
        if (resolution === undefined) throw new Error('BUG: a series was neither cached nor looked up')
        return resolution
      }),
    )
  }

  #tagSetOf({ tags }: SeriesName): TagSet {
    const key = tagsKey(tags)
    const known = this.#tagSets.get(key)
    if (known !== undefined) return known
    const tagSet: TagSet = new Map()
    this.#tagSets.set(key, tagSet)
    return tagSet
  }

  async #assign(misses: readonly Miss[]): Promise<void> {
    const wanted: Record<UidKind, Set<string>> = { metric: new Set(), tagk: new Set(), tagv: new Set() }
    const good: Miss[] = []
    const refused = await this.#refuse?.(misses.map(({ name }) => name))
    for (const miss of misses) {
      const { name, resolutions, at } = miss
      const fault = faultOf(name, this.#limits) ?? refused?.get(name)
      if (fault !== undefined) {
        // Names of a series that can't be stored must not use up UIDs.
        resolutions[at] = { fault }
        continue
      }
      good.push(miss)
      wanted.metric.add(name.metric)
      // In OpenTSDB's order: UIDs go up in it, series are sorted by UIDs, and `first`, `last` and `diff` show it.
      for (const [tagk, tagv] of javaMapOrder(name.tags)) {
        wanted.tagk.add(tagk)
        wanted.tagv.add(tagv)
      }
    }
    const [metrics, tagks, tagvs] = await Promise.all(UID_KINDS.map((kind) => this.#uids.assign(kind, wanted[kind])))
    for (const { name, tagSet, resolutions, at } of good) {
      // Another record of the batch may have brought the same series.
      const resolution = tagSet.get(name.metric) ?? this.#place(name, metrics, tagks, tagvs)
      resolutions[at] = resolution
      // Faults are not cached: room for a name may be made any time.
      if (!isResolved(resolution) || tagSet.has(name.metric)) continue
      tagSet.set(name.metric, resolution)
      this.#seriesCount++
    }
  }

  #place(name: SeriesName, metrics: Assigned, tagks: Assigned, tagvs: Assigned): Resolution {
    const metric = metrics?.get(name.metric)
    if (typeof metric !== 'number') return { fault: whyNoUid(metric) }
    const tags: [number, number][] = []
    for (const [tagkName, tagvName] of name.tags) {
      const tagk = tagks?.get(tagkName)
      const tagv = tagvs?.get(tagvName)
      if (typeof tagk !== 'number') return { fault: whyNoUid(tagk) }
      if (typeof tagv !== 'number') return { fault: whyNoUid(tagv) }
      tags.push([tagk, tagv])
    }
    const tsuid = encodeTsuid(metric, tags, this.#uids.widths)
    return { tsuid, metric, hash: hashTsuid(tsuid), noted: undefined }
  }
}

type Assigned = ReadonlyMap<string, number | UidError> | undefined

function whyNoUid(error: UidError | undefined): string {
  if (error === undefined) throw new Error('BUG: a name was asked for and not answered')
  return error.details === undefined ? error.message : `${error.message}. ${error.details}`
}

/**
 * A text that two sets of tags share only if they are the same. No legal name holds a NUL; with the number of tags in
 * front, names that do hold one can't make up the key of a legal set either.
 */
function tagsKey(tags: SeriesName['tags']): string {
  let key = String(tags.length)
  for (const [tagk, tagv] of tags) key += `\0${tagk}\0${tagv}`
  return key
}

/** @returns which rule of OpenTSDB or which limit the names break; undefined where they break none */
function faultOf({ metric, tags }: SeriesName, limits: Limits): string | undefined {
  if (tags.length === 0) return 'Missing tags'
  if (tags.length > limits.tags) return `${tags.length} tags, limits.tags allows ${limits.tags}`
  let fault = checkName('metric', metric, limits)
  for (let i = 0; i < tags.length; i++) {
    const [tagk, tagv] = tags[i]!
    fault ??= checkName('tagk', tagk, limits) ?? checkName('tagv', tagv, limits)
    if (i > 0 && tags[i - 1]![0] >= tagk) fault ??= `the tag ${tagk} stands out of order or twice`
  }
  return fault
}
