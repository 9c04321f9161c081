import type { EmulatorClient } from '../emulators/client.ts'
import type { Shard } from '../emulators/provision.ts'
import type { FunctionPool } from '../functions/pool.ts'
import type { Log } from '../log.ts'
import type { RunnerState } from '../state.ts'
import type { MappingModel, QueueModel, StreamModel } from '../template/index.ts'
import type { Backpressure } from './backpressure.ts'
import { failureMessage, sendToQueue } from './on-failure.ts'
import { ShardPoller } from './poller.ts'
import { ShardReader } from './shard-reader.ts'
import type { Trimmer } from './trimmer.ts'

/** What an event source mapping runs on. */
export interface MappingParts {
  readonly client: EmulatorClient
  readonly stream: StreamModel
  readonly shards: readonly Shard[]
  readonly pool: FunctionPool
  readonly state: RunnerState
  readonly trimmer: Trimmer
  readonly backpressure: Backpressure
  /** Where messages about given up batches go. */
  readonly queue: QueueModel | undefined
  /** Folder for the queue's file; messages are only logged where absent. */
  readonly dataDir: string | undefined
  readonly windowMs: number
  readonly log: Log
}

/** An event source mapping: a poller for each shard. */
export class RunningMapping {
  readonly stream: StreamModel
  readonly #pollers: readonly ShardPoller[]

  private constructor(stream: StreamModel, pollers: readonly ShardPoller[]) {
    this.stream = stream
    this.#pollers = pollers
  }

  /** Starts polling, each shard from its checkpoint on. */
  static async start(mapping: MappingModel, parts: MappingParts): Promise<RunningMapping> {
    const pollers = await Promise.all(parts.shards.map((shard) => createPoller(mapping, shard, parts)))
    for (const poller of pollers) poller.start()
    return new RunningMapping(parts.stream, pollers)
  }

  /** Tells that there are new records on the stream. */
  nudge(): void {
    for (const poller of this.#pollers) poller.nudge()
  }

  /** Delivers everything that is on the stream. */
  async drain(): Promise<void> {
    await Promise.all(this.#pollers.map((poller) => poller.drain()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pollers.map((poller) => poller.stop()))
  }
}

async function createPoller(mapping: MappingModel, shard: Shard, parts: MappingParts): Promise<ShardPoller> {
  const { client, stream, pool, state, trimmer, backpressure, log } = parts
  const key = `checkpoint/${mapping.logicalId}/${shard.id}`
  const checkpoint = await state.get(key)
  trimmer.passed(mapping.logicalId, stream.name, shard.index, checkpoint)
  return new ShardPoller(
    mapping,
    shard.id,
    parts.windowMs,
    {
      reader: new ShardReader(client, stream.name, shard.id, checkpoint),
      call: (event) => pool.call(event),
      checkpoint: async ({ SequenceNumber: sequenceNumber, ApproximateArrivalTimestamp: arrivedS }) => {
        await state.put(key, sequenceNumber)
        trimmer.passed(mapping.logicalId, stream.name, shard.index, sequenceNumber)
        backpressure.delivered(key, arrivedS * 1000)
      },
      caughtUp: () => backpressure.caughtUp(key),
      giveUp: async (shardId, records, why, calls) => {
        const message = failureMessage(shardId, records, why, calls, mapping, pool.model, Date.now())
        const where =
          parts.queue !== undefined && parts.dataDir !== undefined
            ? await sendToQueue(parts.dataDir, parts.queue, message)
            : 'nowhere: the mapping has no on-failure queue, or nothing is kept on disk'
        log.error(`Gave up ${records.length} records of ${shardId} (${why}); they went to ${where}`)
      },
    },
    log,
  )
}
