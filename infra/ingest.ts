import { Annotations, Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis'
import { EventSourceMapping, StartingPosition } from 'aws-cdk-lib/aws-lambda'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { ENV } from '../functions/environment.ts'
import { apiEnvironment } from './api-environment.ts'
import type { StackConfig } from './config.ts'
import { failureQueue } from './failure-queue.ts'
import { type Permission, TsdbFunction } from './function.ts'
import { ASSIGN_UIDS, PUT_ITEMS, READ_ITEMS, READ_MANY, type Storage } from './storage.ts'

export interface IngestProps {
  readonly config: StackConfig
  readonly storage: Storage
}

/** Lambda's most. A batch ends earlier by the window or by 6 MB; a lower number would only make smaller blocks. */
const BATCH_RECORDS = 10_000

/** The one way in: put writes the stream, consume stores what it holds. */
export class Ingest extends Construct {
  readonly stream: Stream
  readonly put: TsdbFunction
  readonly consume: TsdbFunction
  /** Where Lambda notes batches that it gave up: their place in the stream, not their bytes. */
  readonly failed: Queue

  constructor(scope: Construct, id: string, props: IngestProps) {
    super(scope, id)
    const { config, storage } = props
    this.stream = new Stream(this, 'Stream', {
      ...(config.shards === undefined
        ? { streamMode: StreamMode.ON_DEMAND }
        : { streamMode: StreamMode.PROVISIONED, shardCount: config.shards }),
      retentionPeriod: Duration.hours(config.streamRetentionHours),
      encryption: StreamEncryption.MANAGED,
      // Points that nobody has stored yet are data as much as the tables.
      removalPolicy: RemovalPolicy.RETAIN,
    })
    this.failed = failureQueue(this, 'Failed')
    this.put = this.#createPut(config, storage)
    this.consume = this.#createConsume(config, storage)
    this.#map(config.batchWindow)

    if (config.batchWindow >= config.syncTimeout) {
      Annotations.of(this).addWarningV2(
        'tsdb:syncTimeout',
        `A put with ?sync gives up after syncTimeout=${config.syncTimeout} s, while points wait up to batchWindow=${config.batchWindow} s to be stored`,
      )
    }
  }

  #createPut(config: StackConfig, storage: Storage): TsdbFunction {
    return new TsdbFunction(this, 'Put', {
      config,
      storage,
      entry: 'put',
      description: 'POST /api/put: checks points and puts them on the stream',
      timeoutSeconds: 29,
      environment: {
        [ENV.streamName]: this.stream.streamName,
        ...storage.names('meta'),
        ...apiEnvironment(config),
        [ENV.syncTimeoutMs]: String(config.syncTimeout * 1000),
      },
      permissions: [
        { actions: ['kinesis:PutRecords'], resources: [this.stream.streamArn] },
        // The acknowledgements that ?sync waits for.
        { actions: ['dynamodb:Query'], resources: storage.arns('meta') },
      ],
    })
  }

  #createConsume(config: StackConfig, storage: Storage): TsdbFunction {
    // What Lambda takes to poll a stream with the function's role, less ListStreams, which would be for all streams.
    const readStream: Permission = {
      actions: ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards'].map(
        (action) => `kinesis:${action}`,
      ),
      resources: [this.stream.streamArn],
    }
    return new TsdbFunction(this, 'Consume', {
      config,
      storage,
      entry: 'consume',
      description: 'Stores the points of the stream',
      timeoutSeconds: 120,
      environment: {
        ...storage.names('data', 'uid', 'meta', 'tree'),
        ...storage.keys(),
        [ENV.blockTtlDays]: String(config.blockRetentionDays),
        [ENV.rejectTtlDays]: String(config.rejectRetentionDays),
        [ENV.limits]: JSON.stringify(config.limits),
        ...(config.deviceMapping !== undefined && { [ENV.deviceMapping]: config.deviceMapping }),
      },
      permissions: [
        readStream,
        // Blocks are put, and the ledger is updated; points that are stored are not its to read.
        { actions: ['dynamodb:BatchWriteItem', 'dynamodb:UpdateItem'], resources: storage.arns('data') },
        { actions: [...READ_ITEMS, ...ASSIGN_UIDS], resources: storage.arns('uid') },
        { actions: [...READ_ITEMS, ...PUT_ITEMS], resources: storage.arns('meta') },
        { actions: [...READ_MANY, ...PUT_ITEMS], resources: storage.arns('tree') },
        { actions: ['sqs:SendMessage'], resources: [this.failed.queueArn] },
      ],
    })
  }

  /**
   * Has Lambda call the consumer. Retries have no end but the record's own: while the store is away the shard waits and
   * nothing is lost. What can never be stored goes to the rejects by the function's own hand.
   */
  #map(batchWindow: number): void {
    new EventSourceMapping(this, 'Mapping', {
      target: this.consume.lambda,
      eventSourceArn: this.stream.streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: BATCH_RECORDS,
      maxBatchingWindow: Duration.seconds(batchWindow),
      parallelizationFactor: 1,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      // Not SqsDestination: it would grant a second policy with more actions than this takes.
      onFailure: { bind: () => ({ destination: this.failed.queueArn }) },
    })
  }
}
