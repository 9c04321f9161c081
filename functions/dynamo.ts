import { Dynamo, openClient } from '../lib/store/dynamo.ts'
import { count } from './metrics.ts'

/**
 * A table's client for functions that need an item or two and not the whole store, with what it asks and costs published.
 * @param deadlineMs milliseconds within which a request, tried again as need be, must succeed
 */
export function openDynamo(deadlineMs: number): Dynamo {
  return new Dynamo({
    client: openClient(),
    retry: { deadlineMs },
    onConsumed: ({ readUnits, writeUnits }) => {
      count('StoreRequests', 1)
      count('ReadUnits', readUnits)
      count('WriteUnits', writeUnits)
    },
    onRetry: () => count('StoreRetries', 1),
  })
}
