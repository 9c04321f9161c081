import type { UidKind } from '../lib/model/series.ts'
import { readConfig } from './config.ts'
import { noteLatest } from './counters.ts'
import { measure } from './metrics.ts'

const NOTED = { metric: 'UidsOfMetric', tagk: 'UidsOfTagk', tagv: 'UidsOfTagv' } as const
/** Percent of a kind's UIDs from which on their use is published: below, there is nothing that anybody should know. */
const PUBLISHED_FROM = 50

/** Notes how many of a kind's UIDs are given away, and for publishing how much that is, once it is much: the alarm `Uids` looks at it. */
export function publishUids(kind: UidKind, given: number): void {
  noteLatest(NOTED[kind], given)
  const percent = uidPercent(given, readConfig().uidWidths[kind])
  if (percent >= PUBLISHED_FROM) measure('UidsUsed', percent)
}

/** How much of a kind's UIDs is given away, 0 to 100. @param width bytes of a UID */
export function uidPercent(given: number, width: number): number {
  return Math.min(100, (100 * given) / (256 ** width - 1))
}
