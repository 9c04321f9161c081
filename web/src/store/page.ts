import { computed, signal } from '@preact/signals'
import type { Graph, GraphPage, Query } from '../model/page.ts'
import { dateText } from '../model/time.ts'
import { readLink, writeLink } from '../model/url.ts'

export type View = 'graph' | 'browse' | 'status'

const first = readLink(viewOf(location.hash) === 'graph' ? location.hash : '')

/** Which view is shown. */
export const view = signal<View>(viewOf(location.hash))
/** What the graph view shows; the URL says the same. */
export const page = signal<GraphPage>(first.page)
/** What of the link could not be read. */
export const problems = signal<readonly string[]>(first.problems)
/** Counts asks for fresh answers: by hand, and by the clock. */
export const ticks = signal(0)
/** The viewer's zone, or the one that the page names. */
export const zone = computed(() => page.value.tz || Intl.DateTimeFormat().resolvedOptions().timeZone)
/** Ranges that zooming left, the newest last. */
const zoomedFrom: Pick<GraphPage, 'start' | 'end'>[] = []

function viewOf(hash: string): View {
  if (hash.startsWith('#/browse')) return 'browse'
  return hash.startsWith('#/status') ? 'status' : 'graph'
}

/** Follows the URL: the back button, and links typed in. */
export function followLocation(): void {
  window.addEventListener('hashchange', () => {
    view.value = viewOf(location.hash)
    if (view.value !== 'graph') return
    const read = readLink(location.hash)
    // What the page itself wrote needs no second look; fields that are half filled in are not in the URL.
    if (writeLink(read.page) === writeLink(page.value)) return
    page.value = read.page
    problems.value = read.problems
  })
}

/**
 * Shows a page and says so in the URL.
 * @param how `push` makes a place for the back button
 */
export function show(next: GraphPage, how: 'push' | 'replace' = 'push'): void {
  page.value = next
  problems.value = []
  view.value = 'graph'
  const hash = `#${writeLink(next)}`
  if (hash === location.hash) return
  if (how === 'push') history.pushState(null, '', hash)
  else history.replaceState(null, '', hash)
}

export function showGraph(index: number, change: Partial<Graph>, how: 'push' | 'replace' = 'push'): void {
  const graphs = page.value.graphs.map((graph, i) => (i === index ? { ...graph, ...change } : graph))
  show({ ...page.value, graphs }, how)
}

export function showQuery(graphIndex: number, queryIndex: number, change: Partial<Query>): void {
  const queries = page.value.graphs[graphIndex]?.queries ?? []
  showGraph(graphIndex, { queries: queries.map((query, i) => (i === queryIndex ? { ...query, ...change } : query)) })
}

/** Shows a range of milliseconds, and remembers the one before. */
export function zoomTo(from: number, to: number): void {
  const { start, end, tz } = page.value
  zoomedFrom.push({ start, end })
  const exact = (ms: number) => (to - from < 10_000 ? String(Math.round(ms)) : dateText(ms, tz))
  show({ ...page.value, start: exact(from), end: exact(to), refresh: 0 })
}

/** Goes back to the range before the last zoom; without one, to a range three times as long around this. */
export function zoomOut(span: { from: number; to: number }): void {
  const before = zoomedFrom.pop()
  if (before !== undefined) {
    show({ ...page.value, ...before })
    return
  }
  const length = span.to - span.from
  const to = Math.min(span.to + length, Date.now())
  show({ ...page.value, start: dateText(span.from - length, page.value.tz), end: dateText(to, page.value.tz) })
}

/** A link to a page, for an anchor. */
export function linkTo(next: GraphPage): string {
  return `#${writeLink(next)}`
}
