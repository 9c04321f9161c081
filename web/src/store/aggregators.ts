import { signal } from '@preact/signals'
import { ask } from '../api/client.ts'

/** The names of the server's aggregators; the usual ones until it has said. */
export const aggregators = signal<readonly string[]>(['sum', 'avg', 'min', 'max', 'count', 'none'])

export async function loadAggregators(): Promise<void> {
  aggregators.value = await ask<readonly string[]>('aggregators').catch(() => aggregators.value)
}
