import { contained } from '../plugin/contained.ts'
import { allowedPoints, pickBatch, pointsOf } from '../plugin/points.ts'
import type { OnPluginFailure, PluginPoint, Plugins } from '../plugin/types.ts'
import type { UidResolver } from '../uid/resolver.ts'
import type { ResolvedRecord } from './consume.ts'
import type { DecodedRecord, IndexedBatch } from './decode-record.ts'
import { refuseNames } from './refuse-names.ts'
import type { RefuseSeries } from './series-resolver.ts'

/** Where consuming lets others have a say or a look. */
export interface IngestHooks {
  /** A record without the points that are not to be stored. */
  keepAllowed(record: DecodedRecord): DecodedRecord
  /** Undefined: every new name gets a UID. */
  readonly refuse: RefuseSeries | undefined
  /** Told of records once their points can be read and the rest is in the rejects. */
  stored(records: readonly ResolvedRecord[]): Promise<void>
}

/** What consuming does without plugins. */
export const NO_HOOKS: IngestHooks = {
  keepAllowed: (record) => record,
  refuse: undefined,
  stored: async () => undefined,
}

/**
 * Hooks that ask plugins. What a plugin does wrong keeps no point from being stored: a filter that fails lets pass, and what is told
 * of points is not waited for beyond some seconds.
 */
export function hooksOf(
  plugins: Plugins,
  uids: Pick<UidResolver, 'namesToUids'>,
  onFailure: OnPluginFailure,
): IngestHooks {
  const { writeFilters = [], uidFilters = [], publishers = [], rejectHandlers = [] } = plugins
  const keepBatch = (indexed: IndexedBatch): IndexedBatch => {
    const kept = allowedPoints(indexed.batch, writeFilters, onFailure)
    if (kept === undefined) return indexed
    return { batch: pickBatch(indexed.batch, kept), indexOf: (position) => indexed.indexOf(kept[position] ?? 0) }
  }
  return {
    keepAllowed: (record) =>
      writeFilters.length === 0 ? record : { ...record, batches: record.batches.map(keepBatch) },
    refuse: uidFilters.length === 0 ? undefined : refuseNames(uidFilters, uids, onFailure),
    async stored(records) {
      const publish = publishers.map((publisher) => {
        return contained(publisher.name, () => publisher.publish(storedPoints(records)), onFailure)
      })
      const rejected = records.filter(({ record }) => record.faults.count > 0)
      const handle = rejectHandlers.flatMap((handler) =>
        rejected.map(({ record: { input, source, faults } }) => {
          const { shard, sequence } = source
          const reject = { arrivalMs: input.arrivalMs, shard, sequence, reason: faults.reason(), bytes: input.bytes }
          return contained(handler.name, () => handler.handle(reject), onFailure)
        }),
      )
      await Promise.all([...publish, ...handle])
    },
  }
}

/** Points of series that have UIDs; of a record that can't be encoded none. */
function* storedPoints(records: readonly ResolvedRecord[]): Generator<PluginPoint> {
  for (const { batches, points } of records) {
    if (points === 0) continue
    for (const { batch, seriesIds } of batches) yield* pointsOf(batch, (series) => (seriesIds[series] ?? -1) >= 0)
  }
}
