import type { UidResolver } from '../uid/resolver.ts'
import { kairosName, storedName } from './names.ts'

/** Names of metrics in one answer. */
const MOST_NAMES = 1_000_000

/**
 * The names of metrics that begin with a text, as KairosDB writes them, sorted. In the text `%` stands for any characters and
 * `_` for any one, as for KairosDB, whose H2 store asks SQL's LIKE: names that really begin with it are always among them.
 */
export async function metricNames(uids: Pick<UidResolver, 'suggest'>, prefix: string): Promise<string[]> {
  const stored = await uids.suggest('metric', storedPrefix(prefix), MOST_NAMES)
  const pattern = [...prefix, '%']
  return stored
    .map(kairosName)
    .filter((name) => isLike([...name], pattern))
    .sort()
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
