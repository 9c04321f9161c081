/** What the runner starts: the template, read. Every name is the physical one. */
export interface LocalStack {
  readonly stackName: string
  readonly tables: readonly TableModel[]
  readonly streams: readonly StreamModel[]
  readonly functions: readonly FunctionModel[]
  readonly queues: readonly QueueModel[]
  readonly mappings: readonly MappingModel[]
  readonly schedules: readonly ScheduleModel[]
  /** Absent where the template has no HTTP API. */
  readonly api: ApiModel | undefined
  /** Resources that have no local meaning, for the log. */
  readonly ignored: readonly { readonly logicalId: string; readonly type: string; readonly reason: string }[]
}

export interface KeyAttribute {
  readonly name: string
  readonly type: 'B' | 'N' | 'S'
  readonly role: 'HASH' | 'RANGE'
}

export interface TableModel {
  readonly logicalId: string
  readonly name: string
  readonly keys: readonly KeyAttribute[]
  /** The attribute whose seconds since 1970 say when an item expires. */
  readonly ttlAttribute: string | undefined
}

export interface StreamModel {
  readonly logicalId: string
  readonly name: string
  readonly arn: string
  /** `undefined` for an on-demand stream, whose shards the service chooses. */
  readonly shards: number | undefined
  readonly retentionHours: number
}

export interface QueueModel {
  readonly logicalId: string
  readonly name: string
  readonly arn: string
}

/** What is allowed: each of the actions on each of the resources. */
export interface StatementModel {
  /** `dynamodb:Query`; `*` at the end stands for anything. */
  readonly actions: readonly string[]
  /** ARNs; `*` at the end stands for anything. */
  readonly resources: readonly string[]
}

export interface RoleModel {
  readonly name: string
  readonly statements: readonly StatementModel[]
}

export interface FunctionModel {
  readonly logicalId: string
  readonly name: string
  readonly arn: string
  /** Absolute path of the folder that synth bundled. */
  readonly codeDir: string
  /** `file.export`, as the template says it. */
  readonly handler: string
  readonly memoryMb: number
  readonly timeoutMs: number
  /** Without NODE_OPTIONS. */
  readonly environment: Readonly<Record<string, string>>
  /** The least level that the platform passes on, lower case; `undefined` for all. */
  readonly logLevel: string | undefined
  /** All that it may do. */
  readonly role: RoleModel
}

export interface RouteModel {
  /** `POST /api/put`, `ANY /{proxy+}` or `$default`. */
  readonly routeKey: string
  /** Logical id of the function. */
  readonly functionId: string
  /** Milliseconds that the gateway waits for the function. */
  readonly timeoutMs: number
  /** Logical id of the authorizer that is asked first; undefined: nobody is. */
  readonly authorizerId?: string | undefined
}

export interface CorsModel {
  readonly allowOrigins: readonly string[]
  readonly allowMethods: readonly string[]
  readonly allowHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly allowCredentials: boolean
  readonly maxAgeSeconds: number | undefined
}

/** A Lambda authorizer. */
export interface AuthorizerModel {
  readonly logicalId: string
  /** Logical id of the function. */
  readonly functionId: string
  /** What an answer hangs on, and is kept by: `$request.header.Authorization`, `$context.routeKey`. */
  readonly identitySources: readonly string[]
  /** Milliseconds that an answer is kept; 0: not at all. */
  readonly ttlMs: number
}

export interface ApiModel {
  readonly logicalId: string
  readonly authorizers?: readonly AuthorizerModel[]
  readonly routes: readonly RouteModel[]
  readonly cors: CorsModel | undefined
}

/** An event source mapping from a stream to a function. */
export interface MappingModel {
  readonly logicalId: string
  readonly functionId: string
  readonly streamArn: string
  readonly batchSize: number
  readonly windowSeconds: number
  readonly bisectOnError: boolean
  readonly reportItemFailures: boolean
  /** -1 = until the record expires. */
  readonly maxRetries: number
  /** -1 = as long as the stream keeps it. */
  readonly maxRecordAgeSeconds: number
  /** Queue that hears of batches given up. */
  readonly onFailureQueueArn: string | undefined
}

export interface ScheduleModel {
  readonly logicalId: string
  readonly functionId: string
  /** `rate(5 minutes)` or `cron(0 * * * ? *)`, UTC. */
  readonly expression: string
  /** What the function gets instead of the service's own event. */
  readonly input: unknown
}
