// npm run bench -- kairos [--json]
import { measureServer, type QueryApi } from './query-server.ts'
import type { Report } from './report.ts'

/** A result of an answer, as far as it is read. */
interface Result {
  readonly tags: Readonly<Record<string, readonly string[]>>
  readonly values: readonly (readonly [ms: number, value: number])[]
}

const KAIROS: QueryApi = {
  bench: 'kairos',
  path: '/api/v1/datapoints/query',
  checkPath: '/api/v1/datapoints/query',
  queryOf: ({ metric, start, end, kairos }) => ({
    start_absolute: start * 1000,
    end_absolute: end * 1000,
    metrics: [{ name: metric, ...kairos }],
  }),
  read: (text) => {
    const { queries }: { queries: readonly { results: readonly Result[] }[] } = JSON.parse(text)
    return (queries[0]?.results ?? []).map(({ tags, values }) => ({
      // only a tag of which the result has one value tells it from others
      tags: Object.fromEntries(Object.entries(tags).map(([key, all]) => [key, all.join()])),
      dps: values.map(([ms, value]) => [ms / 1000, value] as const),
    }))
  },
}

/** The questions of `query`, through KairosDB's API. */
export async function run(report: Report): Promise<void> {
  await measureServer(report, KAIROS)
}
