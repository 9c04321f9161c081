import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis'
import type { StreamInput } from '../../lib/ingest/decode-record.ts'
import { LOCAL, type Network } from './instances.ts'

/** The way to a run's emulators; they are empty at its begin. */
export interface Emulators extends Network {
  readonly streamName: string
}

/** The records of the stream of a run, as its two event source mappings read them. Nothing goes wrong with these requests. */
export class ShardRecords {
  /** Those that were read, in order. */
  readonly shards: StreamInput[][] = [[], []]
  readonly #kinesis: KinesisClient
  readonly #streamName: string
  #iterators: string[] = []

  constructor({ kinesis, streamName }: Emulators) {
    this.#kinesis = new KinesisClient({ ...LOCAL, requestHandler: kinesis })
    this.#streamName = streamName
  }

  /** Begins to read at the oldest record. */
  async open(): Promise<void> {
    const StreamName = this.#streamName
    const { Shards = [] } = await this.#kinesis.send(new ListShardsCommand({ StreamName }))
    this.#iterators = await Promise.all(
      Shards.map(async ({ ShardId }) => {
        const start = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
        return (await this.#kinesis.send(new GetShardIteratorCommand(start))).ShardIterator ?? ''
      }),
    )
  }

  /** Puts a record on a shard. */
  async put(bytes: Uint8Array, shard: 0 | 1): Promise<void> {
    const hash = shard === 0 ? '1' : String(2n ** 127n + 1n)
    const record = { StreamName: this.#streamName, Data: bytes, PartitionKey: 'own', ExplicitHashKey: hash }
    await this.#kinesis.send(new PutRecordCommand(record))
  }

  /** Reads on in a shard. A record arrived when it was first seen, later than those before it. @param now milliseconds since 1970 */
  async fetch(shard: 0 | 1, now: number): Promise<void> {
    const page = await this.#kinesis.send(new GetRecordsCommand({ ShardIterator: this.#iterators[shard] }))
    const { Records = [], NextShardIterator = '' } = page
    this.#iterators[shard] = NextShardIterator
    const records = this.of(shard)
    for (const { SequenceNumber = '', Data = new Uint8Array() } of Records) {
      const arrivalMs = Math.max(now, (records.at(-1)?.arrivalMs ?? 0) + 1)
      records.push({ sequence: SequenceNumber, arrivalMs, shard, bytes: Data })
    }
  }

  of(shard: 0 | 1): StreamInput[] {
    return this.shards[shard] ?? []
  }

  close(): void {
    this.#kinesis.destroy()
  }
}

/** A record as Lambda hands it over. */
export function kinesisRecord({ sequence, arrivalMs, shard, bytes }: StreamInput): object {
  return {
    eventID: `shardId-${String(shard).padStart(12, '0')}:${sequence}`,
    kinesis: {
      sequenceNumber: sequence,
      approximateArrivalTimestamp: arrivalMs / 1000,
      data: Buffer.from(bytes).toString('base64'),
      partitionKey: 'faults',
    },
  }
}
