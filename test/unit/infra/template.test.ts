import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { ENTRIES } from '../../../infra/bundle.ts'
import { deviceSql } from '../../../infra/devices.ts'
import { findNeed } from '../../../lib/access/scopes.ts'
import { synthesise as synthesiseAll } from './synthesise.ts'

const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/12ab-34cd'
/** Without the UI, whose function for uploads is the CDK's and keeps none of the rules for functions: web.test.ts has it. */
const synthesise = (context: Readonly<Record<string, unknown>> = {}) => synthesiseAll({ web: 'false', ...context })
const byDefault = synthesise()

/** The variables of a function, found by its description. */
const variables = (description: RegExp, values: Readonly<Record<string, unknown>>) => ({
  Description: Match.stringLikeRegexp(description.source),
  Environment: { Variables: Match.objectLike(values) },
})

/** What a role may do, by the beginning of its logical id, but for adding to the counters, which all functions may. */
function actionsOf(rolePrefix: string, { template } = byDefault): string[] {
  const roles = Object.entries(template.findResources('AWS::IAM::Role'))
  const found = roles.find(([id]) => id.startsWith(rolePrefix))
  const statements: { Action: string | string[]; Resource: unknown }[] =
    found?.[1].Properties.Policies[0].PolicyDocument.Statement
  const counting = (resource: unknown) => JSON.stringify(resource).includes('"StorageCounters')
  const actions = statements
    .flatMap(({ Action, Resource }) =>
      [Action].flat().filter((action) => !(action === 'dynamodb:UpdateItem' && counting(Resource))),
    )
    .sort()
  return [...new Set(actions)]
}

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

describe('API', () => {
  test('put and query are routes with and without the version; the rest is meta’s', () => {
    const routes = Object.values(byDefault.template.findResources('AWS::ApiGatewayV2::Route'))
    expect(routes.map((route) => route.Properties.RouteKey).sort()).toEqual([
      '$default',
      'DELETE /api/query',
      'DELETE /api/v1/metric/{proxy+}',
      'DELETE /api/v1/query',
      'GET /api/query',
      'GET /api/query/gexp',
      'GET /api/query/last',
      'GET /api/v1/datapoints/query',
      'GET /api/v1/query',
      'GET /api/v1/query/gexp',
      'GET /api/v1/query/last',
      'POST /api/put',
      'POST /api/put/{proxy+}',
      'POST /api/query',
      'POST /api/query/exp',
      'POST /api/query/last',
      'POST /api/v1/datapoints',
      'POST /api/v1/datapoints/delete',
      'POST /api/v1/datapoints/query',
      'POST /api/v1/datapoints/query/tags',
      'POST /api/v1/put',
      'POST /api/v1/put/{proxy+}',
      'POST /api/v1/query',
      'POST /api/v1/query/exp',
      'POST /api/v1/query/last',
    ])
  })

  test('domain and certificateArn: put the API behind a domain and say where its DNS record must point', () => {
    const { template } = synthesise({ domain: 'tsdb.example.com', certificateArn: CERTIFICATE })
    template.hasResourceProperties('AWS::ApiGatewayV2::DomainName', {
      DomainName: 'tsdb.example.com',
      DomainNameConfigurations: [Match.objectLike({ CertificateArn: CERTIFICATE, EndpointType: 'REGIONAL' })],
    })
    template.resourceCountIs('AWS::ApiGatewayV2::ApiMapping', 1)
    template.hasOutput('Url', { Value: 'https://tsdb.example.com' })
    template.hasOutput('*', { Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ApiDomain'), 'RegionalDomainName'] } })
  })

  test('corsOrigins: the gateway answers preflights of these origins, and of none without', () => {
    const { template } = synthesise({ corsOrigins: 'https://grafana.example.com,http://localhost:3000' })
    // The functions refuse what browsers ask for pages of other sites.
    const told = { TSDB_CORS_ORIGINS: 'https://grafana.example.com,http://localhost:3000' }
    for (const entry of [/api\/put/, /api\/query: reads/, /KairosDB's queries/, /DELETE/, /The rest of the API/]) {
      template.hasResourceProperties('AWS::Lambda::Function', variables(entry, told))
    }
    template.hasResourceProperties('AWS::ApiGatewayV2::Api', {
      CorsConfiguration: Match.objectLike({
        AllowOrigins: ['https://grafana.example.com', 'http://localhost:3000'],
        AllowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
      }),
    })
    byDefault.template.hasResourceProperties('AWS::ApiGatewayV2::Api', { CorsConfiguration: Match.absent() })
  })

  test('without a domain there is none', () => {
    byDefault.template.resourceCountIs('AWS::ApiGatewayV2::DomainName', 0)
  })
})

describe('devices', () => {
  test('the rule puts the payload on the stream as it is, and what fails on a queue', () => {
    byDefault.template.hasResourceProperties('AWS::IoT::TopicRule', {
      TopicRulePayload: {
        AwsIotSqlVersion: '2016-03-23',
        Sql: deviceSql('tsdb/#'),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: IoT's own placeholder
        Actions: [{ Kinesis: Match.objectLike({ PartitionKey: '${newuuid()}' }) }],
        ErrorAction: { Sqs: Match.objectLike({ QueueUrl: { Ref: Match.stringLikeRegexp('^DevicesFailed') } }) },
      },
    })
    expect(deviceSql('a/#')).toBe(
      "SELECT encode(*, 'base64') AS payload, topic() AS topic, clientid() AS clientId, timestamp() AS time FROM 'a/#'",
    )
  })

  test('deviceTopic: what the rule listens to', () => {
    const { template } = synthesise({ deviceTopic: 'plant/+/meter' })
    template.hasResourceProperties('AWS::IoT::TopicRule', { TopicRulePayload: { Sql: deviceSql('plant/+/meter') } })
  })

  test('deviceMapping: reaches the consumer, which has its own by default', () => {
    const { template } = synthesise({ deviceMapping: '{"topic":"plant/#"}' })
    const mapped = variables(/^Stores/, { TSDB_DEVICE_MAPPING: '{"topic":"plant/#"}' })
    template.hasResourceProperties('AWS::Lambda::Function', mapped)
    const unmapped = variables(/^Stores/, { TSDB_DEVICE_MAPPING: Match.absent() })
    byDefault.template.hasResourceProperties('AWS::Lambda::Function', unmapped)
  })
})

describe('access', () => {
  const routesOf = ({ template }: ReturnType<typeof synthesise>) =>
    Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map((route) => route.Properties)
  const keysOf = (stack: ReturnType<typeof synthesise>) => routesOf(stack).map(({ RouteKey }) => RouteKey)

  test('every route asks the authorizer, which is called by token and route and whose answers are kept for 30 s', () => {
    const authorizer = Object.keys(byDefault.template.findResources('AWS::ApiGatewayV2::Authorizer'))
    expect(authorizer).toHaveLength(1)
    for (const { RouteKey, AuthorizationType, AuthorizerId } of routesOf(byDefault)) {
      expect([RouteKey, AuthorizationType, AuthorizerId]).toEqual([RouteKey, 'CUSTOM', { Ref: authorizer[0] }])
    }
    byDefault.template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.Authorization', '$context.routeKey'],
      AuthorizerResultTtlInSeconds: 30,
    })
  })

  test('what each route needs is in the table of scopes', () => {
    const keys = keysOf(byDefault).filter((key) => key !== '$default')
    const unknown = keys.filter((key) => {
      const [method = '', path = ''] = key.split(' ')
      // `/{proxy+}` takes what is below, and a slash at the end with nothing behind it.
      return [path.replace(/\{\w+\+\}$/, 'x'), path.replace(/\{\w+\+\}$/, '')].every(
        (each) => findNeed(method, each) === undefined,
      )
    })
    expect(unknown).toEqual([])
    expect(keys.length).toBeGreaterThan(10)
  })

  test('only preflights ask nobody, where there may be some', () => {
    const open = routesOf(synthesise({ corsOrigins: '*' })).filter(
      ({ AuthorizationType }) => AuthorizationType === 'NONE',
    )
    expect(open.map(({ RouteKey }) => RouteKey)).toEqual(['OPTIONS /{proxy+}'])
  })

  test('there is no parameter to be given, and nothing to acknowledge', () => {
    const parameters = Object.values(byDefault.template.findParameters('*'))
    expect(parameters.filter((parameter) => parameter.Default === undefined)).toEqual([])
    byDefault.annotations.hasNoWarning('/Tsdb', Match.anyValue())
  })

  test('mode: leaves out the routes of writing or of reading, tells the functions, and stops devices', () => {
    const [ro, wo] = [synthesise({ mode: 'ro' }), synthesise({ mode: 'wo' })]
    expect(keysOf(ro).filter((key) => /put|DELETE/.test(key))).toEqual([])
    expect(keysOf(ro)).toContain('GET /api/query')
    expect(keysOf(wo).filter((key) => /(GET|POST) .*query/.test(key))).toEqual([])
    expect(keysOf(wo)).toContain('POST /api/put')
    for (const description of [/^POST \/api\/put/, /^\/api\/query/, /^DELETE/, /^The rest/]) {
      ro.template.hasResourceProperties('AWS::Lambda::Function', variables(description, { TSDB_MODE: 'ro' }))
    }
    const rule = (ruleDisabled: boolean) => ({ TopicRulePayload: Match.objectLike({ RuleDisabled: ruleDisabled }) })
    ro.template.hasResourceProperties('AWS::IoT::TopicRule', rule(true))
    wo.template.hasResourceProperties('AWS::IoT::TopicRule', rule(false))
  })

  test('authorizer=jwt: the gateway checks tokens of an issuer for an audience, on every route', () => {
    const jwt = synthesise({ authorizer: 'jwt', jwtIssuer: 'https://id.example.com/', jwtAudience: 'a,b' })
    jwt.template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      JwtConfiguration: { Issuer: 'https://id.example.com/', Audience: ['a', 'b'] },
    })
    expect(new Set(routesOf(jwt).map(({ AuthorizationType }) => AuthorizationType))).toEqual(new Set(['JWT']))
  })

  test('authorizer=iam: policies name each route of the table, and there is none for all the rest', () => {
    const iam = synthesise({ authorizer: 'iam' })
    expect(new Set(routesOf(iam).map(({ AuthorizationType }) => AuthorizationType))).toEqual(new Set(['AWS_IAM']))
    const keys = keysOf(iam)
    expect(keys).not.toContain('$default')
    expect(keys).toEqual(
      expect.arrayContaining(['ANY /api/uid/{proxy+}', 'GET /api/v1/suggest', 'GET /api/query/{proxy+}']),
    )
    expect(keys.length).toBeLessThanOrEqual(300)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

test.each(['SealFunction', 'TreesFunction'])('%s is called every five minutes', (called) => {
  byDefault.template.hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: 'rate(5 minutes)',
    State: 'ENABLED',
    Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^${called}`), 'Arn'] } })],
  })
})

test('who keeps names, annotations and trees, and who tends trees, may not write points', () => {
  const dataTable = Object.keys(byDefault.template.findResources('AWS::DynamoDB::Table')).find((id) =>
    id.startsWith('StorageData'),
  )
  for (const rolePrefix of ['QueryMeta', 'TreesRole']) {
    const roles = Object.entries(byDefault.template.findResources('AWS::IAM::Role'))
    const [, role] = roles.find(([id]) => id.startsWith(rolePrefix)) ?? []
    const statements: { Action: string | string[] }[] = role?.Properties.Policies[0].PolicyDocument.Statement
    const ofPoints = statements.filter((statement) => JSON.stringify(statement).includes(String(dataTable)))
    const actions = ofPoints.flatMap(({ Action }) => Action)
    expect(actions.filter((action) => /Put|Update|Write|Delete/.test(action))).toEqual([])
  }
})

describe('alarms', () => {
  test('watch every way in which points are late, lost or refused', () => {
    const ids = Object.keys(byDefault.template.findResources('AWS::CloudWatch::Alarm')).map((id) =>
      id.replace(/^Observe|[0-9A-F]{8}$/g, ''),
    )
    expect(ids.sort()).toEqual([
      'Errors',
      'FailedBatches',
      'FailedDevices',
      'Failing',
      'FunctionThrottles',
      'Lag',
      'Readable',
      'Rejects',
      'SealLag',
      'StreamThrottles',
      'TableThrottles',
      'Trees',
      'Uids',
      'Unsealed',
    ])
  })

  test('that add metrics up have no more of them than an alarm takes', () => {
    for (const { Properties } of Object.values(byDefault.template.findResources('AWS::CloudWatch::Alarm'))) {
      expect(Properties.Metrics?.length ?? 1).toBeLessThanOrEqual(11)
    }
  })

  test('alarmTopic: where they are sent', () => {
    const topic = 'arn:aws:sns:eu-central-1:123456789012:on-call'
    const { template } = synthesise({ alarmTopic: topic })
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [topic] })
    byDefault.template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: Match.absent() })
  })
})

test('a dashboard with the stack’s name shows each function', () => {
  const { template } = synthesise({ name: 'other' })
  template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'other' })
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'))
  const text = JSON.stringify(dashboard).replaceAll('\\', '')
  expect(ENTRIES.filter((entry) => !text.includes(`"label":"${entry}"`))).toEqual([])
})

test('metrics: turned off, no function publishes any', () => {
  const disabled = (flag: unknown) => ({
    Environment: { Variables: Match.objectLike({ POWERTOOLS_METRICS_DISABLED: flag }) },
  })
  synthesise({ metrics: 'false' }).template.allResourcesProperties('AWS::Lambda::Function', disabled('true'))
  byDefault.template.allResourcesProperties('AWS::Lambda::Function', disabled(Match.absent()))
})

test('tracing: X-Ray traces every function, and none without', () => {
  const traced = { TracingConfig: { Mode: 'Active' } }
  synthesise({ tracing: 'true' }).template.allResourcesProperties('AWS::Lambda::Function', traced)
  byDefault.template.allResourcesProperties('AWS::Lambda::Function', { TracingConfig: Match.absent() })
})

describe('canary', () => {
  const { template } = synthesise({ canary: '10' })

  test('shifts the calls of every function to a new version little by little, and back when an alarm goes off', () => {
    const groups = Object.values(template.findResources('AWS::CodeDeploy::DeploymentGroup'))
    expect(groups).toHaveLength(ENTRIES.length)
    for (const { Properties } of groups) {
      expect(Properties.DeploymentConfigName).toBe('CodeDeployDefault.LambdaCanary10Percent10Minutes')
      expect(Properties.AlarmConfiguration.Enabled).toBe(true)
      expect(Properties.AutoRollbackConfiguration.Events).toContain('DEPLOYMENT_STOP_ON_ALARM')
    }
    const alarmsEach = groups.map(({ Properties }) => Properties.AlarmConfiguration.Alarms.length).sort()
    // seal and trees, which nobody waits for, have one
    expect(alarmsEach.filter((count) => count === 1)).toHaveLength(2)
    expect(alarmsEach.filter((count) => count === 2)).toHaveLength(ENTRIES.length - 2)
  })

  test('has the stream, the schedules and the API call the aliases', () => {
    const alias = { Ref: Match.stringLikeRegexp('Aliaslive') }
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: Match.not(Match.objectLike({ Ref: Match.stringLikeRegexp('^IngestConsumeFunction[0-9A-F]{8}$') })),
    })
    template.allResourcesProperties('AWS::Events::Rule', { Targets: [Match.objectLike({ Arn: alias })] })
    template.allResourcesProperties('AWS::ApiGatewayV2::Integration', { IntegrationUri: alias })
  })

  test('without it there are neither aliases nor deployments', () => {
    byDefault.template.resourceCountIs('AWS::Lambda::Alias', 0)
    byDefault.template.resourceCountIs('AWS::CodeDeploy::DeploymentGroup', 0)
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
