import type { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Construct } from 'constructs'
import { ENV } from '../functions/environment.ts'
import { apiEnvironment } from './api-environment.ts'
import type { StackConfig } from './config.ts'
import { TsdbFunction } from './function.ts'
import { ASSIGN_UIDS, PUT_ITEMS, READ_ITEMS, type Storage } from './storage.ts'

export interface QueryProps {
  readonly config: StackConfig
  readonly storage: Storage
  readonly stream: Stream
}

/** Two cores: blocks are read and decoded side by side, and a query holds what it reads. */
const QUERY_MEMORY_MB = 3538

/** What answers questions. Points are only read; names, documents, annotations and trees are also written, by `meta` alone. */
export class Query extends Construct {
  /** POST and GET /api/query. */
  readonly query: TsdbFunction
  /** KairosDB's queries, whose `save_as` puts points on the stream. */
  readonly kairosQuery: TsdbFunction
  /** Every other path. */
  readonly meta: TsdbFunction

  constructor(scope: Construct, id: string, props: QueryProps) {
    super(scope, id)
    const { config, storage, stream } = props
    const read = storage.readPoints()
    const environment = { ...storage.names('data', 'uid', 'meta'), ...storage.keys(), ...apiEnvironment(config) }

    this.query = new TsdbFunction(this, 'Query', {
      config,
      storage,
      entry: 'query',
      description: '/api/query: reads, groups and aggregates points',
      memoryMb: QUERY_MEMORY_MB,
      timeoutSeconds: 29,
      environment,
      permissions: read,
    })
    this.kairosQuery = new TsdbFunction(this, 'KairosQuery', {
      config,
      storage,
      entry: 'kairos-query',
      description: "/api/v1/datapoints/query: KairosDB's queries; save_as puts points on the stream",
      memoryMb: QUERY_MEMORY_MB,
      timeoutSeconds: 29,
      environment: { ...environment, [ENV.streamName]: stream.streamName },
      permissions: [
        ...read,
        ...(config.mode === 'rw' ? [{ actions: ['kinesis:PutRecords'], resources: [stream.streamArn] }] : []),
      ],
    })
    this.meta = new TsdbFunction(this, 'Meta', {
      config,
      storage,
      entry: 'meta',
      description: 'The rest of the API: names, search, annotations, trees, configuration; 404 for what is not known',
      timeoutSeconds: 29,
      environment: { ...environment, ...storage.names('tree') },
      permissions: [
        { actions: READ_ITEMS, resources: storage.arns('data') },
        { actions: ['dynamodb:Query'], resources: [storage.counters.tableArn] },
        // Annotations and documents lie with the index; points are not its to write.
        { actions: [...READ_ITEMS, ...PUT_ITEMS, 'dynamodb:DeleteItem'], resources: storage.arns('meta', 'tree') },
        { actions: [...READ_ITEMS, ...ASSIGN_UIDS, 'dynamodb:DeleteItem'], resources: storage.arns('uid') },
      ],
    })
  }
}
