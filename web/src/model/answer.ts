/** An annotation; times in seconds or, from 11 digits on, milliseconds. */
export interface Annotation {
  readonly tsuid: string
  readonly description: string
  readonly notes: string
  readonly startTime: number
  readonly endTime: number
}

/** A series of an answer to `/api/query?arrays` with `showQuery`; numbers that JSON lacks come as texts. */
export interface AnswerSeries {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  readonly aggregateTags: readonly string[]
  readonly query: { readonly index: number }
  /** How long before the range its points are, such as `1d`; absent: within it. The server knows nothing of it. */
  readonly before?: string
  readonly annotations?: readonly Annotation[]
  readonly globalAnnotations?: readonly Annotation[]
  readonly dps: readonly (readonly [time: number, value: number | string | null])[]
}

/** What a query read and took, of `statsSummary`. */
export interface Cost {
  readonly rows: number
  readonly blocks: number
  readonly bytes: number
  readonly readUnits: number
  readonly points: number
  readonly ms: number
}

export interface Unresolved {
  readonly type: string
  readonly name: string
}

export interface Answer {
  readonly series: readonly AnswerSeries[]
  readonly cost: Cost | undefined
  /** Names that were never stored. */
  readonly unresolved: readonly Unresolved[]
}

type Element = AnswerSeries | { readonly statsSummary: Summary } | { readonly unresolved: readonly Unresolved[] }

interface Summary {
  readonly rowsPreFilter?: number
  readonly blocksRead?: number
  readonly bytesRead?: number
  readonly readUnits?: number
  readonly emittedDPs?: number
  readonly totalTime?: number
}

/** Takes the elements of an answer apart: series come first, what was asked for besides stands at the end. */
export function readAnswer(elements: readonly Element[]): Answer {
  const series: AnswerSeries[] = []
  let cost: Cost | undefined
  let unresolved: readonly Unresolved[] = []
  for (const element of elements) {
    if ('statsSummary' in element) cost = costOf(element.statsSummary)
    else if ('unresolved' in element) unresolved = element.unresolved
    else series.push(element)
  }
  return { series, cost, unresolved }
}

function costOf(summary: Summary): Cost {
  return {
    rows: summary.rowsPreFilter ?? 0,
    blocks: summary.blocksRead ?? 0,
    bytes: summary.bytesRead ?? 0,
    readUnits: summary.readUnits ?? 0,
    points: summary.emittedDPs ?? 0,
    ms: summary.totalTime ?? 0,
  }
}

/** Milliseconds since 1970 of an annotation's time. */
export function annotationMs(time: number): number {
  return time >= 10_000_000_000 ? time : time * 1000
}

/** The annotations of all series, each once, by time. */
export function annotationsOf(series: readonly AnswerSeries[]): Annotation[] {
  const found = new Map<string, Annotation>()
  for (const { annotations = [], globalAnnotations = [] } of series) {
    for (const each of [...annotations, ...globalAnnotations])
      found.set(`${each.tsuid}/${annotationMs(each.startTime)}`, each)
  }
  return [...found.values()].sort((a, b) => annotationMs(a.startTime) - annotationMs(b.startTime))
}
