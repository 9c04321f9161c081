import { createHash } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import type { Store, StoreConfig } from '../../lib/store/index.ts'
import type { RunningDynamo } from '../helpers/dynamo.ts'
import { openTestStore } from '../helpers/store.ts'

/**
 * Starts a DynamoDB for the tests of a describe block and closes what they opened.
 * @param start starts one with the four empty tables
 */
export function useStores(start: () => Promise<RunningDynamo>) {
  let dynamo: RunningDynamo
  const stores: Store[] = []

  const open = (changes: Partial<StoreConfig> = {}): Store => {
    const store = openTestStore({ endpoint: dynamo.endpoint, ...changes })
    stores.push(store)
    return store
  }

  /** A store in tables that no other test sees. */
  const openFresh = async (changes: Partial<StoreConfig> = {}) => {
    const own = await start()
    return { store: open({ endpoint: own.endpoint, ...changes }), endpoint: own.endpoint, stop: own.stop }
  }

  beforeAll(async () => {
    dynamo = await start()
  })

  afterAll(async () => {
    for (const store of stores) store.close()
    await dynamo.stop()
  })

  return { open, openFresh, endpoint: () => dynamo.endpoint }
}

export function range<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

export function rotate<T>(list: readonly T[], by: number): T[] {
  return [...list.slice(by % list.length), ...list.slice(0, by % list.length)]
}

export function sorted<K, V>(map: ReadonlyMap<K, V> | undefined): [K, V][] {
  return [...(map ?? [])].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Comparing long byte arrays entry by entry takes the test runner seconds. */
export function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
