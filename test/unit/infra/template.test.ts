import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { ENTRIES } from '../../../infra/bundle.ts'
import { synthesise as synthesiseAll } from './synthesise.ts'
import { actionsOf, byDefault, synthesise, variables } from './template.ts'

test('the default template is as recorded', () => {
  // The names of bundles are hashes of their content; the infrastructure is the same whatever the functions and the UI do.
  const masked = JSON.stringify(synthesiseAll().template.toJSON()).replaceAll(/[0-9a-f]{64}/g, '<hash>')
  expect(JSON.parse(masked)).toMatchSnapshot()
})

describe('tables', () => {
  test('there are four, on demand, with binary keys, recoverable, encrypted, protected and kept', () => {
    for (const name of ['tsdb', 'tsdb-uid', 'tsdb-meta', 'tsdb-tree']) {
      byDefault.template.hasResource('AWS::DynamoDB::Table', {
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          TableName: name,
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'B' },
            { AttributeName: 'sk', AttributeType: 'B' },
          ],
          BillingMode: 'PAY_PER_REQUEST',
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          SSESpecification: { SSEEnabled: true },
          DeletionProtectionEnabled: true,
        },
      })
    }
    // These and that of the counters.
    byDefault.template.resourceCountIs('AWS::DynamoDB::Table', 5)
  })

  test('what functions count is in a table of its own, which goes with the stack and which each may add to', () => {
    byDefault.template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Delete',
      Properties: {
        TableName: 'tsdb-counters',
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true },
      },
    })
    for (const { Properties } of Object.values(byDefault.template.findResources('AWS::Lambda::Function'))) {
      expect(Properties.Environment.Variables.TSDB_COUNTERS_TABLE).toEqual({
        Ref: expect.stringMatching(/^StorageCounters/),
      })
      expect(ENTRIES).toContain(Properties.Environment.Variables.TSDB_FUNCTION)
    }
  })

  test('items of tsdb, tsdb-meta and tsdb-counters may expire, those of the others not', () => {
    const expiring = byDefault.template.findResources('AWS::DynamoDB::Table', {
      Properties: { TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true } },
    })
    expect(Object.values(expiring).map((table) => table.Properties.TableName)).toEqual([
      'tsdb',
      'tsdb-meta',
      'tsdb-counters',
    ])
  })

  test('name: begins the names of the tables, the logs, the API and the rule, and is the stack’s', () => {
    const { template } = synthesise({ name: 'my-metrics' })
    template.hasResourceProperties('AWS::DynamoDB::Table', { TableName: 'my-metrics-uid' })
    template.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: '/my-metrics/put' })
    template.hasResourceProperties('AWS::ApiGatewayV2::Api', { Name: 'my-metrics' })
    template.hasResourceProperties('AWS::IoT::TopicRule', { RuleName: 'my_metrics' })
  })

  test('warmWriteUnits: readies the data table and no other', () => {
    const { template } = synthesise({ warmWriteUnits: '20000' })
    const warm = template.findResources('AWS::DynamoDB::Table', {
      Properties: { WarmThroughput: { WriteUnitsPerSecond: 20_000, ReadUnitsPerSecond: 12_000 } },
    })
    expect(Object.values(warm).map((table) => table.Properties.TableName)).toEqual(['tsdb'])
  })

  test('uidWidth, saltBuckets and shelves: reach every function that reads or writes keys', () => {
    const { template } = synthesise({ uidWidth: '4,3,4', saltBuckets: '8', shelves: '16' })
    const expected = { TSDB_UID_WIDTHS: '4,3,4', TSDB_SALT_BUCKETS: '8', TSDB_SHELVES: '16' }
    for (const description of [/^Stores/, /^\/api\/query/, /^The rest/]) {
      template.hasResourceProperties('AWS::Lambda::Function', variables(description, expected))
    }
  })
})

describe('stream and consumer', () => {
  test('the stream scales itself, keeps a week, is encrypted and kept', () => {
    byDefault.template.hasResource('AWS::Kinesis::Stream', {
      DeletionPolicy: 'Retain',
      Properties: {
        StreamModeDetails: { StreamMode: 'ON_DEMAND' },
        RetentionPeriodHours: 168,
        StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
      },
    })
  })

  test('shards: gives the stream so many', () => {
    synthesise({ shards: '3' }).template.hasResourceProperties('AWS::Kinesis::Stream', {
      ShardCount: 3,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
    })
  })

  test('streamRetentionHours: how long the stream keeps a record', () => {
    const { template } = synthesise({ streamRetentionHours: '24' })
    template.hasResourceProperties('AWS::Kinesis::Stream', { RetentionPeriodHours: 24 })
  })

  test('batches start at the oldest record, report what failed, are halved, and are tried as long as the stream holds them', () => {
    byDefault.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 5,
      ParallelizationFactor: 1,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      // Absent, both mean no end.
      MaximumRetryAttempts: Match.absent(),
      MaximumRecordAgeInSeconds: Match.absent(),
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^IngestFailed'), 'Arn'] } },
      },
    })
  })

  test('batchWindow: how long records gather', () => {
    const { template } = synthesise({ batchWindow: '0' })
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { MaximumBatchingWindowInSeconds: 0 })
  })

  test('requestRate and requestBurst: the gateway takes no more', () => {
    const throttleOf = (context: Record<string, string>) => {
      const [stage] = Object.values(synthesise(context).template.findResources('AWS::ApiGatewayV2::Stage'))
      return stage?.Properties.DefaultRouteSettings
    }
    expect(throttleOf({})).toMatchObject({ ThrottlingRateLimit: 1000, ThrottlingBurstLimit: 2000 })
    expect(throttleOf({ requestRate: '20', requestBurst: '5' })).toMatchObject({
      ThrottlingRateLimit: 20,
      ThrottlingBurstLimit: 5,
    })
  })

  test('syncTimeout: reaches put in milliseconds', () => {
    const { template } = synthesise({ syncTimeout: '7' })
    template.hasResourceProperties('AWS::Lambda::Function', variables(/put/, { TSDB_SYNC_TIMEOUT_MS: '7000' }))
  })

  test('a batch window that no synchronous put can wait out is warned of', () => {
    const { annotations } = synthesise({ batchWindow: '20' })
    annotations.hasWarning('/Tsdb/Ingest', Match.stringLikeRegexp('syncTimeout=20 s.*batchWindow=20 s'))
    byDefault.annotations.hasNoWarning('/Tsdb/Ingest', Match.anyValue())
  })

  test('blockRetentionDays and rejectRetentionDays: reach the consumer, the first also sealing', () => {
    const { template } = synthesise({ blockRetentionDays: '0', rejectRetentionDays: '90' })
    const expected = { TSDB_BLOCK_TTL_DAYS: '0', TSDB_REJECT_TTL_DAYS: '90' }
    template.hasResourceProperties('AWS::Lambda::Function', variables(/^Stores/, expected))
    template.hasResourceProperties(
      'AWS::Lambda::Function',
      variables(/^Turns the blocks/, { TSDB_BLOCK_TTL_DAYS: '0' }),
    )
  })

  test('limits: reach every function as JSON', () => {
    const { template } = synthesise({ limits: { tags: 16 } })
    const limited = template.findResources('AWS::Lambda::Function', {
      Properties: { Environment: { Variables: { TSDB_LIMITS: '{"tags":16}' } } },
    })
    expect(Object.keys(limited)).toHaveLength(6)
  })

  test('allowDelete: lets the function that deletes do so, and its role, which else may only read', () => {
    const actions = (of: typeof byDefault) =>
      actionsOf('DeleteRole', of).filter((action) => action.startsWith('dynamodb:'))
    const reading = ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query']
    expect(actions(byDefault)).toEqual(reading)
    const allowed = synthesise({ allowDelete: 'true' })
    const writing = ['dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']
    expect(actions(allowed)).toEqual([...reading, ...writing].sort())
    allowed.template.hasResourceProperties('AWS::Lambda::Function', variables(/^DELETE/, { TSDB_ALLOW_DELETE: 'true' }))
  })

  test('queues of what failed are encrypted, keep two weeks and turn down plain HTTP', () => {
    byDefault.template.resourceCountIs('AWS::SQS::Queue', 2)
    byDefault.template.allResourcesProperties('AWS::SQS::Queue', {
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 86_400,
    })
    byDefault.template.resourceCountIs('AWS::SQS::QueuePolicy', 2)
  })
})

describe('functions', () => {
  test('there is one for each entry, on the current Node and arm64, that log JSON and no start or end of a call', () => {
    byDefault.template.resourceCountIs('AWS::Lambda::Function', ENTRIES.length)
    byDefault.template.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN', ApplicationLogLevel: 'INFO' },
    })
  })

  test('each publishes its metrics under the deployment’s name', () => {
    synthesise({ name: 'other' }).template.allResourcesProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ POWERTOOLS_SERVICE_NAME: 'other' }) },
    })
  })

  test('logRetentionDays: how long each log is kept', () => {
    const { template } = synthesise({ logRetentionDays: '7' })
    template.resourceCountIs('AWS::Logs::LogGroup', ENTRIES.length)
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 })
  })

  test('logLevel: reaches every function', () => {
    const { template } = synthesise({ logLevel: 'debug' })
    template.allResourcesProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ TSDB_LOG_LEVEL: 'debug' }) },
    })
  })

  test('each may do what it needs by name, and nothing by wildcard', () => {
    const statements = Object.values(byDefault.template.findResources('AWS::IAM::Role')).flatMap((role) =>
      role.Properties.Policies.flatMap(
        (policy: { PolicyDocument: { Statement: unknown[] } }) => policy.PolicyDocument.Statement,
      ),
    )
    expect(statements.length).toBeGreaterThan(10)
    expect(JSON.stringify(statements)).not.toContain('*')
    byDefault.template.resourceCountIs('AWS::IAM::Policy', 0)
    byDefault.template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() })
  })

  test.each([
    ['IngestPut', ['dynamodb:Query', 'kinesis:PutRecords']],
    ['QueryRole', ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query']],
    ['QueryKairosQuery', ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'kinesis:PutRecords']],
    [
      'QueryMeta',
      [
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
    ],
    [
      'TreesRole',
      ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
    ],
    [
      'SealRole',
      [
        ...[
          'dynamodb:BatchGetItem',
          'dynamodb:BatchWriteItem',
          'dynamodb:DeleteItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:Query',
        ],
        'dynamodb:UpdateItem',
      ],
    ],
    ['DevicesRole', ['kinesis:PutRecord', 'sqs:SendMessage']],
  ])('%s may write its log and do %j', (role, expected) => {
    expect(actionsOf(role).filter((action) => !action.startsWith('logs:'))).toEqual(expected)
  })

  test('only the consumer, sealing and what keeps names, documents and annotations may write tables', () => {
    const writes = (role: string) => actionsOf(role).filter((action) => /^dynamodb:.*(Put|Update|Write)/.test(action))
    expect(writes('IngestConsume')).toEqual(['dynamodb:BatchWriteItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'])
    expect([...new Set(writes('SealRole'))]).toEqual([
      'dynamodb:BatchWriteItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
    ])
    expect(writes('QueryMeta')).toEqual(['dynamodb:BatchWriteItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'])
    for (const role of ['IngestPut', 'QueryRole', 'DeleteRole', 'DevicesRole']) expect(writes(role)).toEqual([])
  })
})

test('the outputs are the URL, the stream, the tables and how device topics begin', () => {
  expect(Object.keys(byDefault.template.findOutputs('*')).sort()).toEqual([
    'DataTable',
    'DeviceTopics',
    'MetaTable',
    'StreamName',
    'TreeTable',
    'UidTable',
    'Url',
  ])
})
