import type { Context } from 'aws-lambda'
import { clearTrash, Gardener } from '../lib/tree/live.ts'
import { log } from './log.ts'
import { metered } from './metered.ts'
import { sharedStore, sharedTrees } from './store.ts'

/** Milliseconds before the function's end from which no more is begun: what is under way then has to end. */
const RESERVE_MS = 30_000

/** What a call did. */
export interface TreesReport {
  /** Series put into trees that had waited for it. */
  readonly planted: number
  /** Former contents of trees deleted. */
  readonly cleared: number
}

/**
 * Puts series into trees that came too many at once, and deletes what emptied trees held; called on a schedule. What is left when
 * its time is up the next call does.
 */
export const handler = metered(tendTrees)

async function tendTrees(_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<TreesReport> {
  const outOfTime = () => context.getRemainingTimeInMillis() < RESERVE_MS
  const { uids, documents } = sharedStore()
  const trees = sharedTrees()
  const planted = await new Gardener({ uids, documents, trees }).plantWaiting(outOfTime)
  const cleared = await clearTrash(trees, Date.now(), outOfTime)
  log('info', 'trees tended', { planted, cleared })
  return { planted, cleared }
}
