import { type Axis, type Graph, type GraphPage, NO_AXIS_OPTIONS, newGraph, newPage, type Query, UNITS } from './page.ts'
import { formatQuery, LinkError, parseQuery } from './query-text.ts'
import { durationMs } from './time.ts'

/** What a link says, and what in it could not be read. */
export interface ReadLink {
  readonly page: GraphPage
  readonly problems: readonly string[]
}

/**
 * Reads what stands behind `#` or `#/graph?`. It is OpenTSDB's own form, so that links of its GUI open the same graph, and more words
 * of the same kind: `graph` begins a further graph, to which what follows belongs.
 *
 * `start`, `end`, `tz`, `autoreload`: the page. `m` (each with an `o` for its axis), `title`, `compare`, `yrange`, `y2range`, `ylog`, `y2log`,
 * `unit`, `y2unit`: a graph. Words for gnuplot alone (`wxh`, `key`, `smooth` and others) are passed over.
 */
export function readLink(hash: string): ReadLink {
  const problems: string[] = []
  let page: GraphPage = newPage()
  const drafts: Draft[] = [newDraft()]
  for (const [name, value] of pairsOf(hash)) {
    const draft = drafts[drafts.length - 1]!
    try {
      if (name === 'graph') drafts.push(newDraft())
      else if (!takeGraphWord(draft, name, value)) page = takePageWord(page, name, value)
    } catch (error) {
      if (!(error instanceof LinkError)) throw error
      problems.push(error.message)
    }
  }
  const graphs = drafts.filter(({ queries }, index) => queries.length > 0 || index > 0).map(finish)
  return { page: { ...page, graphs: graphs.length > 0 ? graphs : [newGraph()] }, problems }
}

/** Writes a page so that `readLink` reads the same. Readable where it can be: only what would end a value is escaped. */
export function writeLink(page: GraphPage): string {
  const words: string[] = [word('start', page.start)]
  if (page.end !== '') words.push(word('end', page.end))
  if (page.tz !== '') words.push(word('tz', page.tz))
  if (page.refresh > 0) words.push(word('autoreload', String(page.refresh)))
  for (const [index, graph] of page.graphs.entries()) {
    if (index > 0) words.push('graph')
    words.push(...graphWords(graph))
  }
  return words.join('&')
}

/** A graph while its words are being read. */
interface Draft {
  title: string
  compare: string
  queries: Query[]
  left: Axis
  right: Axis
  /** Queries that an `o` was read for: the old GUI writes one after each `m`, or all of them at the end. */
  options: number
}

function newDraft(): Draft {
  return { title: '', compare: '', queries: [], left: NO_AXIS_OPTIONS, right: NO_AXIS_OPTIONS, options: 0 }
}

function finish({ title, compare, queries, left, right }: Draft): Graph {
  return { ...newGraph(queries.length > 0 ? queries : undefined), title, compare, left, right }
}

/** @returns whether the word is one about a graph */
function takeGraphWord(draft: Draft, name: string, value: string): boolean {
  switch (name) {
    case 'm':
      draft.queries.push(parseQuery(value))
      return true
    case 'o': {
      const query = draft.queries[draft.options]
      if (query !== undefined && /\bx1y2\b/.test(value)) draft.queries[draft.options] = { ...query, axis: 'right' }
      draft.options++
      return true
    }
    case 'title':
      draft.title = value
      return true
    case 'compare':
      if (durationMs(value) === undefined) throw new LinkError(`“${value}” is no time before, such as 1d`)
      draft.compare = value
      return true
    case 'ylog':
      draft.left = { ...draft.left, log: true }
      return true
    case 'y2log':
      draft.right = { ...draft.right, log: true }
      return true
    case 'yrange':
      draft.left = { ...draft.left, ...parseRange(value) }
      return true
    case 'y2range':
      draft.right = { ...draft.right, ...parseRange(value) }
      return true
    case 'unit':
      draft.left = { ...draft.left, unit: parseUnit(value) }
      return true
    case 'y2unit':
      draft.right = { ...draft.right, unit: parseUnit(value) }
      return true
    default:
      return false
  }
}

function takePageWord(page: GraphPage, name: string, value: string): GraphPage {
  switch (name) {
    case 'start':
      return { ...page, start: value || page.start }
    case 'end':
      return { ...page, end: value === 'now' ? '' : value }
    case 'tz':
      return { ...page, tz: value }
    case 'autoreload':
      return { ...page, refresh: parseSeconds(value) }
    default:
      return page
  }
}

/** gnuplot's `[0:100]`, either end of which may be left out. */
function parseRange(value: string): Pick<Axis, 'min' | 'max'> {
  const match = /^\[([^:]*):([^:]*)\]$/.exec(value)
  if (match === null) throw new LinkError(`“${value}” is not a range such as [0:100]`)
  const [min, max] = [match[1] ?? '', match[2] ?? ''].map((text) => {
    const number = Number(text)
    if (text !== '' && text !== '*' && !Number.isFinite(number))
      throw new LinkError(`“${text}” in “${value}” is no number`)
    return text === '' || text === '*' ? undefined : number
  })
  return { min, max }
}

function parseUnit(value: string): Axis['unit'] {
  const unit = UNITS.find((each) => each === value)
  if (unit === undefined) throw new LinkError(`“${value}” is not one of ${UNITS.join(', ')}`)
  return unit
}

function parseSeconds(value: string): number {
  const seconds = Number(value)
  if (!Number.isInteger(seconds) || seconds < 1) throw new LinkError(`autoreload “${value}” is no number of seconds`)
  return seconds
}

function graphWords({ title, compare, queries, left, right }: Graph): string[] {
  const words: string[] = []
  for (const query of queries) {
    if (query.metric === '') continue
    words.push(word('m', formatQuery(query)))
  }
  const drawn = queries.filter(({ metric }) => metric !== '')
  if (drawn.some(({ axis }) => axis === 'right')) {
    words.push(...drawn.map(({ axis }) => word('o', axis === 'right' ? 'axis x1y2' : '')))
  }
  if (title !== '') words.push(word('title', title))
  if (compare !== '') words.push(word('compare', compare))
  for (const [axis, prefix] of [
    [left, 'y'],
    [right, 'y2'],
  ] as const) {
    if (axis.log) words.push(`${prefix}log`)
    if (axis.min !== undefined || axis.max !== undefined) {
      words.push(word(`${prefix}range`, `[${axis.min ?? ''}:${axis.max ?? ''}]`))
    }
    if (axis.unit !== 'si') words.push(word(prefix === 'y' ? 'unit' : 'y2unit', axis.unit))
  }
  return words
}

function word(name: string, value: string): string {
  // A browser leaves these as they are in a fragment, and people read them.
  const escaped = encodeURIComponent(value).replace(/%(3A|2C|7B|7D|3D|2F|5B|5D|7C|20)/g, (code) =>
    code === '%20' ? '+' : decodeURIComponent(code),
  )
  return `${name}=${escaped}`
}

function pairsOf(hash: string): [string, string][] {
  const text = hash.replace(/^#/, '').replace(/^(\/graph)?\??/, '')
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))]
    })
}

/** What is no percent encoding stays as it stands. */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
