import type { Limits } from '../model/limits.ts'
import type { UidResolver } from '../uid/resolver.ts'
import { isEmptiedMetric, type LivingStore } from './living.ts'
import { kairosName, storedName } from './names.ts'

/** Names of metrics in one answer. */
const MOST_NAMES = 1_000_000

/** What listing names reads. */
export interface NamedStore extends LivingStore {
  readonly uids: Pick<UidResolver, 'widths' | 'suggest' | 'uidsToNames'>
}

/**
 * The names of metrics that begin with a text, as KairosDB writes them, sorted; without metrics of which all points were
 * deleted. In the text `%` stands for any characters and `_` for any one, as for KairosDB, whose H2 store asks SQL's LIKE: names
 * that really begin with it are always among them.
 * @param limits of a query, for looking whether a metric still has points
 * @param mayKnow whether the caller may know of a metric, by the name that the store keeps
 * @param clock milliseconds since 1970 @default Date.now
 * @throws StoreUnavailableError
 */
export async function metricNames(
  store: NamedStore,
  prefix: string,
  limits: Limits,
  mayKnow: (metric: string) => boolean = () => true,
  clock: () => number = Date.now,
): Promise<string[]> {
  const stored = (await store.uids.suggest('metric', storedPrefix(prefix), MOST_NAMES)).filter(mayKnow)
  const pattern = [...prefix, '%']
  const names = new Set(stored.map(kairosName).filter((name) => isLike([...name], pattern)))
  for (const [metric, name] of await store.uids.uidsToNames('metric', await store.emptied.metrics())) {
    const shown = kairosName(name)
    if (names.has(shown) && (await isEmptiedMetric(store, metric, limits, clock))) names.delete(shown)
  }
  return [...names].sort()
}

/** What the stored names of all that match begin with for sure. */
function storedPrefix(prefix: string): string {
  return storedName(prefix.split(/[%_]/, 1)[0] ?? '')
}

/** SQL's LIKE without escapes, in time that grows with the product of both lengths at most. */
function isLike(name: readonly string[], pattern: readonly string[]): boolean {
  let [at, wanted] = [0, 0]
  /** Behind the last `%`, and where what follows it was last looked for. */
  let [behindAny, tried] = [-1, 0]
  while (at < name.length) {
    if (pattern[wanted] === '%') {
      behindAny = ++wanted
      tried = at
    } else if (pattern[wanted] === '_' || pattern[wanted] === name[at]) {
      at++
      wanted++
    } else if (behindAny >= 0) {
      wanted = behindAny
      at = ++tried
    } else return false
  }
  while (pattern[wanted] === '%') wanted++
  return wanted === pattern.length
}
