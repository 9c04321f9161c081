import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import kinesalite from 'kinesalite'
import { frontEmulator } from '../../local/emulators/front.ts'

/** A Kinesis that runs in this process, with one stream of one shard. */
export interface RunningKinesis {
  readonly endpoint: string
  readonly server: Server
  readonly streamName: string
  readonly client: KinesisClient
  /** What was put since this was asked last, in order. */
  newRecords(): Promise<Uint8Array[]>
  stop(): Promise<void>
}

/**
 * Starts an empty Kinesis in memory, and gives the SDK what it wants to find in the environment.
 * @param shards of the stream; newRecords reads the first
 */
export async function startKinesis(streamName = 'test-points', shards = 1): Promise<RunningKinesis> {
  process.env.AWS_REGION ??= 'local'
  process.env.AWS_ACCESS_KEY_ID ??= 'local'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
  const server = kinesalite({ createStreamMs: 0, deleteStreamMs: 0 })
  const stop = frontEmulator(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new KinesisClient({ endpoint, requestHandler: new NodeHttpHandler() })
  await client.send(new CreateStreamCommand({ StreamName: streamName, ShardCount: shards }))
  const shardId = await shardOf(client, streamName)
  const start = { StreamName: streamName, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' } as const
  let iterator = (await client.send(new GetShardIteratorCommand(start))).ShardIterator

  return {
    endpoint,
    server,
    streamName,
    client,
    async newRecords() {
      const records: Uint8Array[] = []
      for (;;) {
        const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator }))
        iterator = page.NextShardIterator
        if (page.Records === undefined || page.Records.length === 0) return records
        for (const { Data } of page.Records) if (Data !== undefined) records.push(Data)
      }
    },
    async stop() {
      client.destroy()
      await stop()
    },
  }
}

/** Waits until the stream can be used. */
async function shardOf(client: KinesisClient, streamName: string): Promise<string> {
  for (;;) {
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: streamName }))
    const shard = StreamDescription?.Shards?.[0]?.ShardId
    if (StreamDescription?.StreamStatus === 'ACTIVE' && shard !== undefined) return shard
  }
}
