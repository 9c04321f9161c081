import type { SeriesName, UidKind } from '../model/series.ts'

/** A point as plugins see it. */
export interface PluginPoint extends SeriesName {
  /** Milliseconds since 1970. */
  readonly time: number
  /** A double, an integer of up to 64 bits, or a text. */
  readonly value: number | bigint | string
}

interface Plugin {
  /** What logs call it. */
  readonly name: string
}

/** Decides which points are stored. */
export interface WriteFilter extends Plugin {
  /** Asked of every point before it is stored. @returns false to pass it over: it is neither stored nor an error */
  allows(point: PluginPoint): boolean
}

/** Decides which new names get UIDs. */
export interface UidFilter extends Plugin {
  /**
   * Asked of every name that has no UID yet.
   * @param series the series that brings the name
   * @returns false to refuse: points of the series then go to the rejects
   */
  allows(kind: UidKind, name: string, series: SeriesName): boolean | Promise<boolean>
}

/** Is given what was stored, as it comes in. */
export interface Publisher extends Plugin {
  /** Called with the points of a batch once they can be read; after a failure a batch may come again. */
  publish(points: Iterable<PluginPoint>): Promise<void>
}

/** A record of which a part or all could not be stored, as it went to the rejects. */
export interface RejectedRecord {
  /** When the stream took it, milliseconds since 1970. */
  readonly arrivalMs: number
  readonly shard: number
  readonly sequence: bigint
  readonly reason: string
  readonly bytes: Uint8Array
}

/** Is told of what could not be stored: OpenTSDB's storage exception handler. */
export interface RejectHandler extends Plugin {
  /** Called once the record is in the rejects; after a failure it may come again. */
  handle(record: RejectedRecord): Promise<void>
}

/** What is asked of /api/search/TYPE, but for lookups. */
export interface SearchRequest {
  /** In capitals: TSMETA, TSMETA_SUMMARY, TSUIDS, UIDMETA, ANNOTATION. */
  readonly type: string
  readonly query: string
  /** Results at most. */
  readonly limit: number
  /** Results to pass over. */
  readonly startIndex: number
}

/** Answers searches instead of the store. */
export interface SearchPlugin extends Plugin {
  /** @returns the results as they are to be shown; undefined to leave the search to the store */
  search(request: SearchRequest): Promise<readonly unknown[] | undefined>
}

/** A series of a query's answer, as serialisers see it. */
export interface SerialisedSeries {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  readonly aggregateTags: readonly string[]
  /** In order of time: milliseconds since 1970 and the value. */
  readonly points: Iterable<readonly [time: number, value: number | bigint]>
}

/** Writes the answers of /api/query where a request names it: `?serializer=NAME`. */
export interface Serialiser extends Plugin {
  readonly contentType: string
  /** @returns the answer in pieces, none of them held longer than it takes to send it */
  serialise(answer: Iterable<SerialisedSeries>): Iterable<string>
}

/** The plugins of a deployment; those of one kind are asked in their order. */
export interface Plugins {
  readonly writeFilters?: readonly WriteFilter[]
  readonly uidFilters?: readonly UidFilter[]
  readonly publishers?: readonly Publisher[]
  readonly rejectHandlers?: readonly RejectHandler[]
  readonly search?: readonly SearchPlugin[]
  readonly serialisers?: readonly Serialiser[]
}

/**
 * What a plugin's module exports as its default: makes the plugin from what the configuration says.
 * @throws Error saying which option is wrong; the function then does not start
 */
export type PluginFactory<T extends Plugin> = (options: Readonly<Record<string, unknown>>) => T

/** Told of a plugin that failed, with its name and what it threw. */
export type OnPluginFailure = (plugin: string, error: unknown) => void
