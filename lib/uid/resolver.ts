import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import { UID_KINDS, type UidKind, type UidWidths } from '../model/series.ts'
import { mapParallel } from '../store/parallel.ts'
import {
  UidAlreadyAssignedError,
  type UidError,
  UidsExhaustedError,
  UidWidthsMismatchError,
  UnstorableNameError,
  widthsText,
} from './errors.ts'
import { NameCache } from './name-cache.ts'
import type { UidTable } from './table.ts'

/** DynamoDB's limit on a sort key, which a name is. */
const MAX_NAME_BYTES = 1024

/** Names that get their UID at a time. */
const PARALLEL_ASSIGNMENTS = 32

/** How long names and UIDs are trusted before the epoch is looked at again. */
const EPOCH_TRUSTED_MS = 60_000

const DEFAULT_CACHED_NAMES = 200_000

const DEFAULT_SCAN_FROM = 500

/** Names that may be read for each that is wanted: pages come one after another, names by their UIDs side by side. */
const SCANNED_FOR_ONE = 4

/** Names of a page; DynamoDB ends it at 1 MB. */
const SCAN_PAGE = 20_000

export interface UidResolverOptions {
  readonly table: UidTable
  readonly widths: UidWidths
  /** Names of each kind that are remembered in each direction. @default 200000 */
  readonly cachedNames?: number
  /**
   * Names wanted at once from which on all names of their kind may be read, in order: each by its UID is a read unit, of these a
   * hundred are one. @default 500
   */
  readonly scanFrom?: number
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
  /** Told how many UIDs of a kind are given away, whenever some were. */
  readonly onGiven?: (kind: UidKind, given: number) => void
}

interface KindCaches {
  readonly uids: NameCache<string, number>
  readonly names: NameCache<number, string>
}

/**
 * Names <-> UIDs, cached. That a name has no UID is never cached: the next moment it may have one. Every method throws
 * StoreUnavailableError where the store is away and UidWidthsMismatchError where it was made with other widths.
 */
export class UidResolver {
  readonly widths: UidWidths
  /** Of names and UIDs, in both directions. */
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #table: UidTable
  readonly #clock: () => number
  readonly #scanFrom: number
  readonly #onGiven: UidResolverOptions['onGiven']
  readonly #caches: Readonly<Record<UidKind, KindCaches>>
  /** The epoch that what is cached belongs to, and when it was last looked at; none of a store not used yet. */
  #epoch: { value: number; seenAt: number } | undefined

  constructor(options: UidResolverOptions) {
    const { table, widths, cachedNames = DEFAULT_CACHED_NAMES, clock = Date.now, onGiven } = options
    this.widths = widths
    this.#scanFrom = options.scanFrom ?? DEFAULT_SCAN_FROM
    this.#onGiven = onGiven
    this.#table = table
    this.#clock = clock
    const caches = (): KindCaches => ({ uids: new NameCache(cachedNames), names: new NameCache(cachedNames) })
    this.#caches = { metric: caches(), tagk: caches(), tagv: caches() }
  }

  /** The UIDs of those names that have one. Reads only. */
  async namesToUids(kind: UidKind, names: Iterable<string>): Promise<Map<string, number>> {
    await this.epoch()
    const { found, missing } = this.#cachedUids(kind, names)
    await this.#readUids(kind, missing.filter(isStorable), found)
    return found
  }

  /** The names of those UIDs that have one. Reads only. */
  async uidsToNames(kind: UidKind, uids: Iterable<number>): Promise<Map<number, string>> {
    await this.epoch()
    const { names } = this.#caches[kind]
    const found = new Map<number, string>()
    const missing = new Set<number>()
    for (const uid of uids) {
      const name = names.get(uid)
      if (name !== undefined) found.set(uid, name)
      else if (uid >= 1 && uid <= this.#maxUid(kind)) missing.add(uid)
    }
    this.#countCached(found.size, missing.size)
    if (missing.size >= this.#scanFrom) await this.#scanNames(kind, missing, found)
    if (missing.size === 0) return found
    for (const [uid, name] of await this.#table.namesOf(kind, [...missing])) {
      names.set(uid, name)
      found.set(uid, name)
    }
    return found
  }

  /** Reads the names of many UIDs where they are a good part of all there are. @param missing loses those that are found */
  async #scanNames(kind: UidKind, missing: Set<number>, found: Map<number, string>): Promise<void> {
    if ((await this.#table.given(kind)) > missing.size * SCANNED_FOR_ONE) return
    for await (const page of this.#table.forwards(kind, '', '', SCAN_PAGE)) {
      for (const { name, uid } of page) {
        if (!missing.delete(uid)) continue
        this.#remember(kind, name, uid)
        found.set(uid, name)
      }
      if (missing.size === 0) return
    }
  }

  /**
   * Every name's UID; new names get theirs: UIDs are taken for all of them at once, then each one's reverse is written, then
   * its forward, so that a UID that can be seen always has its name. Of several writers that do so for one name at the
   * same time, the first to write the forward wins and the others take over its UID; theirs are wasted, none is ever
   * used twice.
   * @returns for each name its UID, or why it can't have one
   */
  async assign(kind: UidKind, names: Iterable<string>): Promise<Map<string, number | UidError>> {
    const answer = new Map<string, number | UidError>()
    const { found, missing } = this.#cachedUids(kind, names)
    const storable: string[] = []
    for (const name of missing) {
      const why = whyUnstorable(name)
      if (why === undefined) storable.push(name)
      else answer.set(name, new UnstorableNameError(kind, why))
    }
    await this.#ensureSettings()
    await this.#readUids(kind, storable, found)
    for (const [name, uid] of found) answer.set(name, uid)
    await this.#assignNew(
      kind,
      storable.filter((name) => !found.has(name)),
      answer,
    )
    return answer
  }

  async #assignNew(kind: UidKind, names: readonly string[], answer: Map<string, number | UidError>): Promise<void> {
    if (names.length === 0) return
    const first = await this.#table.reserve(kind, names.length)
    this.#onGiven?.(kind, first + names.length - 1)
    await mapParallel(names, PARALLEL_ASSIGNMENTS, async (name, i) => {
      const uid = first + i
      if (uid > this.#maxUid(kind)) {
        answer.set(name, new UidsExhaustedError(kind, this.widths[kind]))
        return
      }
      const assigned = await this.#assignOne(kind, name, uid)
      this.#remember(kind, name, assigned)
      answer.set(name, assigned)
    })
  }

  /** @returns the UID that the name has now: the one offered, or that of whoever was faster */
  async #assignOne(kind: UidKind, name: string, uid: number): Promise<number> {
    await this.#table.putReverse(kind, uid, name)
    try {
      await this.#table.putForward(kind, name, uid)
      return uid
    } catch (error) {
      if (error instanceof UidAlreadyAssignedError) return error.winner
      throw error
    }
  }

  /** Up to `max` names that start with `prefix`, in order of their UTF-8 bytes. */
  async suggest(kind: UidKind, prefix: string, max: number): Promise<string[]> {
    if (Buffer.byteLength(prefix) > MAX_NAME_BYTES) return []
    return this.#table.suggest(kind, prefix, max)
  }

  /**
   * The epoch of renames and deletes, looked up at most once a minute; when it changes, what is cached here is dropped, and
   * whoever caches UIDs elsewhere should do the same.
   */
  async epoch(): Promise<number> {
    const now = this.#clock()
    if (this.#epoch !== undefined && now - this.#epoch.seenAt < EPOCH_TRUSTED_MS) return this.#epoch.value
    const settings = await this.#table.readSettings()
    if (settings === undefined) return 0
    this.#see(settings, now)
    return settings.epoch
  }

  /** Forgets everything cached. */
  dropCaches(): void {
    this.#epoch = undefined
    for (const kind of UID_KINDS) {
      this.#caches[kind].uids.clear()
      this.#caches[kind].names.clear()
    }
  }

  /** Makes sure that the store is set up for our widths before anything is written. */
  async #ensureSettings(): Promise<void> {
    await this.epoch()
    if (this.#epoch === undefined) this.#see(await this.#table.createSettings(), this.#clock())
  }

  #see(settings: { widths: string; epoch: number }, now: number): void {
    const configured = widthsText(this.widths)
    if (settings.widths !== configured) throw new UidWidthsMismatchError(settings.widths, configured)
    if (this.#epoch !== undefined && this.#epoch.value !== settings.epoch) this.dropCaches()
    this.#epoch = { value: settings.epoch, seenAt: now }
  }

  #cachedUids(kind: UidKind, names: Iterable<string>): { found: Map<string, number>; missing: string[] } {
    const { uids } = this.#caches[kind]
    const found = new Map<string, number>()
    const missing = new Set<string>()
    for (const name of names) {
      const uid = uids.get(name)
      if (uid === undefined) missing.add(name)
      else found.set(name, uid)
    }
    this.#countCached(found.size, missing.size)
    return { found, missing: [...missing] }
  }

  #countCached(hits: number, misses: number): void {
    this.cacheCounts.hits += hits
    this.cacheCounts.misses += misses
  }

  async #readUids(kind: UidKind, names: readonly string[], found: Map<string, number>): Promise<void> {
    if (names.length === 0) return
    for (const [name, uid] of await this.#table.uidsOf(kind, names)) {
      this.#remember(kind, name, uid)
      found.set(name, uid)
    }
  }

  #remember(kind: UidKind, name: string, uid: number): void {
    this.#caches[kind].uids.set(name, uid)
    this.#caches[kind].names.set(uid, name)
  }

  #maxUid(kind: UidKind): number {
    return 256 ** this.widths[kind] - 1
  }
}

function isStorable(name: string): boolean {
  return whyUnstorable(name) === undefined
}

/** Why a name can't be a sort key; two names that are not well-formed Unicode could be the same bytes. */
function whyUnstorable(name: string): string | undefined {
  if (name === '') return 'is empty'
  const bytes = Buffer.from(name, 'utf8')
  if (bytes.length > MAX_NAME_BYTES) return `has ${bytes.length} bytes, ${MAX_NAME_BYTES} are allowed`
  return bytes.toString('utf8') === name ? undefined : 'is not well-formed Unicode'
}
