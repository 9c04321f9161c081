import { encodeTsuid, hashTsuid } from '../codec/tsuid.ts'
import type { Limits } from '../model/limits.ts'
import { type SeriesName, UID_KINDS, type UidKind } from '../model/series.ts'
import type { UidError } from '../uid/errors.ts'
import { NameCache } from '../uid/name-cache.ts'
import type { UidResolver } from '../uid/resolver.ts'
import type { PlacedSeries } from './group.ts'
import { checkName } from './validate.ts'

/** Series that an instance remembers: about 60 MB when full. */
const CACHED_SERIES = 200_000

/** A series with UIDs; the same object for the same series as long as it is cached. */
export interface ResolvedSeries extends PlacedSeries {
  /** Whether the series log is known to hold it. */
  logged: boolean
}

/** Why a series can't be stored. */
export interface UnresolvedSeries {
  readonly fault: string
}

export type Resolution = ResolvedSeries | UnresolvedSeries

export function isResolved(resolution: Resolution): resolution is ResolvedSeries {
  return 'tsuid' in resolution
}

/** Turns names of series into UIDs, giving new names new ones. */
export class SeriesResolver {
  readonly #uids: UidResolver
  readonly #limits: Limits
  readonly #cache: NameCache<string, ResolvedSeries>
  #epoch: number | undefined

  constructor(uids: UidResolver, limits: Limits, cachedSeries: number = CACHED_SERIES) {
    this.#uids = uids
    this.#limits = limits
    this.#cache = new NameCache(cachedSeries)
  }

  /**
   * Looks whether names were renamed or deleted, and if so forgets what it knows.
   * @returns whether it did
   */
  async refresh(): Promise<boolean> {
    const epoch = await this.#uids.epoch()
    const changed = this.#epoch !== undefined && this.#epoch !== epoch
    if (changed) this.#cache.clear()
    this.#epoch = epoch
    return changed
  }

  /**
   * @returns for each list of names the resolutions of its series, in order
   * @throws UnavailableError where the store does not answer
   */
  async resolve(lists: readonly (readonly SeriesName[])[]): Promise<Resolution[][]> {
    const missing = new Map<string, SeriesName>()
    const found = lists.map((names) =>
      names.map((name) => {
        const key = seriesKey(name)
        const known = this.#cache.get(key)
        if (known === undefined) missing.set(key, name)
        return known ?? key
      }),
    )
    const resolved = missing.size === 0 ? new Map<string, Resolution>() : await this.#assign(missing)
    return found.map((entries) =>
      entries.map((entry) => {
        const resolution = typeof entry === 'string' ? resolved.get(entry) : entry
        if (resolution === undefined) throw new Error('BUG: a series was neither cached nor looked up')
        return resolution
      }),
    )
  }

  async #assign(missing: ReadonlyMap<string, SeriesName>): Promise<Map<string, Resolution>> {
    const faults = new Map<string, string>()
    const wanted: Record<UidKind, Set<string>> = { metric: new Set(), tagk: new Set(), tagv: new Set() }
    for (const [key, name] of missing) {
      const fault = faultOf(name, this.#limits)
      if (fault !== undefined) {
        // Names of a series that can't be stored must not use up UIDs.
        faults.set(key, fault)
        continue
      }
      wanted.metric.add(name.metric)
      for (const [tagk, tagv] of name.tags) {
        wanted.tagk.add(tagk)
        wanted.tagv.add(tagv)
      }
    }
    const [metrics, tagks, tagvs] = await Promise.all(UID_KINDS.map((kind) => this.#uids.assign(kind, wanted[kind])))
    const resolutions = new Map<string, Resolution>()
    for (const [key, name] of missing) {
      const fault = faults.get(key)
      const resolution = fault === undefined ? this.#place(name, metrics, tagks, tagvs) : { fault }
      // Faults are not cached: room for a name may be made any time.
      if (isResolved(resolution)) this.#cache.set(key, resolution)
      resolutions.set(key, resolution)
    }
    return resolutions
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
    return { tsuid, metric, hash: hashTsuid(tsuid), logged: false }
  }
}

type Assigned = ReadonlyMap<string, number | UidError> | undefined

function whyNoUid(error: UidError | undefined): string {
  if (error === undefined) throw new Error('BUG: a name was asked for and not answered')
  return error.details === undefined ? error.message : `${error.message}. ${error.details}`
}

/**
 * A text that two series share only if they are the same. No legal name holds a NUL; with the number of tags in front,
 * names that do hold one can't make up the key of a legal series either.
 */
function seriesKey(name: SeriesName): string {
  let key = `${name.tags.length}\0${name.metric}`
  for (const [tagk, tagv] of name.tags) key += `\0${tagk}\0${tagv}`
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
