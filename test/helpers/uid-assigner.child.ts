import { UID_KINDS } from '../../lib/model/series.ts'
import { openTestStore } from './store.ts'

// A process that assigns names as soon as it is told to, and says which UIDs they have.

/** What the parent sends: where DynamoDB is, and the names, in batches in the order in which to assign them. */
export interface AssignOrder {
  readonly endpoint: string
  readonly batches: readonly (readonly string[])[]
}

/** What the child answers: for each kind the UID of each name. */
export type Assigned = Readonly<Record<string, readonly (readonly [name: string, uid: unknown])[]>>

process.once('message', async ({ endpoint, batches }: AssignOrder) => {
  const store = openTestStore({ shelves: 1, endpoint })
  const assigned: Record<string, (readonly [string, unknown])[]> = {}
  for (const kind of UID_KINDS) {
    assigned[kind] = []
    for (const batch of batches) assigned[kind].push(...(await store.uids.assign(kind, batch)))
  }
  store.close()
  process.send?.(assigned, () => process.disconnect())
})

// What is sent before somebody listens is lost.
process.send?.('ready')
