import type { GraphPage } from './page.ts'

const VIEWS = { browse: 'Browse', status: 'Status' } as const

/** What the browser's tab and its history call the page: what is on the graphs, by their titles or else their metrics. */
export function titleOf(view: 'graph' | 'browse' | 'status', { graphs }: Pick<GraphPage, 'graphs'>): string {
  if (view !== 'graph') return `${VIEWS[view]} · tsdb`
  const shown = graphs.map(
    ({ title, queries }) => title || [...new Set(queries.map(({ metric }) => metric))].join(', '),
  )
  const words = shown.filter((text) => text !== '').join(' | ')
  return words === '' ? 'tsdb' : `${words} · tsdb`
}
