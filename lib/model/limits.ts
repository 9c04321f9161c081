/** Limits on everything that comes from outside. Each is configurable; docs/api/limits.md lists them. */
export interface Limits {
  /** Bytes of a request body as sent. */
  readonly bodyBytes: number
  /** Bytes of a request body once unpacked. */
  readonly unpackedBytes: number
  /** Levels of objects and arrays in a JSON body. */
  readonly jsonDepth: number
  /** Points in one put request. */
  readonly pointsPerRequest: number
  /** Tags of a point (OpenTSDB's tsd.storage.max_tags). */
  readonly tags: number
  /** UTF-8 bytes of a metric name, tag key or tag value. */
  readonly nameBytes: number
  /** Tags of a point that comes through KairosDB's API, whose users know no limit. */
  readonly kairosTags: number
  /** UTF-8 bytes of a name that comes through KairosDB's API, as the store has it. */
  readonly kairosNameBytes: number
  /** UTF-8 bytes of a value that is a text; never more than MAX_TEXT_BYTES of the codec. */
  readonly textBytes: number
  /** Sub-queries in one query request. */
  readonly subQueries: number
  /** Filters in one sub-query. */
  readonly filters: number
  /** Characters of a regular expression in a filter. */
  readonly regexpLength: number
  /** Expressions in one request. */
  readonly expressions: number
  /** Characters of an expression. */
  readonly expressionLength: number
  /** Levels of an expression: parentheses, signs and choices, or functions in functions. */
  readonly expressionDepth: number
  /** Series that one query may touch. */
  readonly querySeries: number
  /** Points that one query may decode. */
  readonly queryPoints: number
  /** Stored bytes that one query may read. */
  readonly queryBytes: number
  /** Milliseconds that one query may take. */
  readonly queryMs: number
  /** Bytes of a query's answer before compression. */
  readonly answerBytes: number
  /** UTF-8 bytes of an annotation's JSON. */
  readonly annotationBytes: number
  /** Bytes of a document of a name or a series, as JSON. */
  readonly documentBytes: number
  /** Annotations in one bulk request. */
  readonly bulkAnnotations: number
  /** Rules of a tree. */
  readonly treeRules: number
  /** UTF-8 bytes of a tree's definition with its rules, as JSON. */
  readonly treeBytes: number
  /** Series in one request to test, or to list what did not fit in a tree. */
  readonly treeSeries: number
}

const MB = 1024 * 1024

/** What holds where the configuration says nothing. */
export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 6 * MB,
  unpackedBytes: 64 * MB,
  jsonDepth: 32,
  pointsPerRequest: 100_000,
  tags: 8,
  nameBytes: 256,
  kairosTags: 64,
  kairosNameBytes: 1_024,
  textBytes: 32_768,
  subQueries: 100,
  filters: 64,
  regexpLength: 1024,
  expressions: 100,
  expressionLength: 4096,
  expressionDepth: 64,
  querySeries: 100_000,
  queryPoints: 50_000_000,
  queryBytes: 512 * MB,
  queryMs: 25_000,
  answerBytes: 256 * MB,
  annotationBytes: 65_536,
  documentBytes: 65_536,
  bulkAnnotations: 1_000,
  treeRules: 256,
  treeBytes: 262_144,
  treeSeries: 100,
}

/** Tags that a point can have under any configuration. */
export const MOST_TAGS = 100
/** UTF-8 bytes that a name can have under any configuration. */
export const MOST_NAME_BYTES = 1_024

/**
 * What some limits can be raised to at most: names, and the UIDs of a series' tags, are parts of sort keys, of which DynamoDB takes 1,024 bytes,
 * and a text must fit beside others into an item. Who passes these would put points that could be stored in no row.
 */
export const GREATEST_LIMITS: ReadonlyMap<string, number> = new Map([
  ['tags', MOST_TAGS],
  ['nameBytes', MOST_NAME_BYTES],
  ['kairosTags', MOST_TAGS],
  ['kairosNameBytes', MOST_NAME_BYTES],
  ['textBytes', 60_000],
])
