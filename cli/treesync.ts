import { isRecord } from '../lib/model/json.ts'
import { Client, refusal } from './client.ts'
import { RefusedError } from './errors.ts'
import { counted, grouped, type Io, write } from './io.ts'

/** What `tsdb uid treesync` was asked to do. */
export interface TreesyncOptions {
  readonly url: string
  readonly token?: string | undefined
  /** One tree; undefined: all that are enabled. */
  readonly tree?: number
  /** Where to go on, as an earlier run said. */
  readonly cursor?: string
}

/** A part of the work, as the server answers it. */
interface Part {
  readonly trees: readonly unknown[]
  readonly series: number
  readonly matched: number
  readonly notMatched: number
  readonly metricsDone: number
  readonly metrics: number
  readonly cursor: string | null
}

/**
 * Has the server put the series that there are into trees, part by part to the end, and tells how far it is. Stopped, it can
 * go on from the cursor told last; done again it changes nothing.
 * @returns 0
 * @throws RefusedError with the server's words, ServerAwayError; both once what is done and where to go on has been told
 */
export async function treesync(options: TreesyncOptions, io: Io): Promise<number> {
  const { url, token, tree } = options
  const client = new Client({ url, token, onRetry: (why) => io.stderr.write(`${url}: ${why}; trying again\n`) })
  let cursor = options.cursor
  let trees: readonly unknown[] = []
  let [series, matched, notMatched] = [0, 0, 0]
  do {
    const part = await askPart(client, { treeId: tree, cursor }).catch((error: unknown) => {
      if (cursor !== undefined) io.stderr.write(`Stopped; go on with --cursor ${cursor}\n`)
      throw error
    })
    trees = part.trees
    series += part.series
    matched += part.matched
    notMatched += part.notMatched
    cursor = part.cursor ?? undefined
    const progress = `${grouped(part.metricsDone)} of ${counted(part.metrics, 'metric')}, ${grouped(series)} series`
    if (cursor !== undefined) io.stderr.write(`${progress}; next --cursor ${cursor}\n`)
  } while (cursor !== undefined)
  const into =
    trees.length === 0 ? 'no tree is enabled' : `${trees.length === 1 ? 'tree' : 'trees'} ${trees.join(', ')}`
  await write(
    io.stdout,
    `${grouped(series)} series, ${into}: ${grouped(matched)} matched, ${grouped(notMatched)} did not\n`,
  )
  return 0
}

async function askPart(client: Client, request: object): Promise<Part> {
  const answer = await client.postJson('api/tree/rebuild', JSON.stringify(request))
  if (answer.status !== 200) throw refusal(answer)
  const part: unknown = JSON.parse(answer.text)
  if (isRecord(part) && Array.isArray(part.trees) && 'cursor' in part) {
    const { trees, cursor } = part
    const count = (name: string) => Number(part[name] ?? 0)
    return {
      trees,
      series: count('series'),
      matched: count('matched'),
      notMatched: count('notMatched'),
      metricsDone: count('metricsDone'),
      metrics: count('metrics'),
      cursor: typeof cursor === 'string' ? cursor : null,
    }
  }
  throw new RefusedError(200, 'The answer does not say how far the rebuild is')
}
