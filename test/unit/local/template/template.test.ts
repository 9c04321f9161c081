import { describe, expect, test } from 'vitest'
import { type Fragment, FUNCTION, read, STREAM, TABLE, withProperties } from './template.ts'

const QUEUE = { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 1209600 } }
const MAPPING = {
  Type: 'AWS::Lambda::EventSourceMapping',
  Properties: {
    BatchSize: 10000,
    BisectBatchOnFunctionError: true,
    DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failed', 'Arn'] } } },
    EventSourceArn: { 'Fn::GetAtt': ['Stream', 'Arn'] },
    FunctionName: { Ref: 'Consume' },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    MaximumBatchingWindowInSeconds: 5,
    ParallelizationFactor: 1,
    StartingPosition: 'TRIM_HORIZON',
  },
}
const INGEST: Fragment = { Stream: STREAM, Consume: FUNCTION, Failed: QUEUE, Mapping: MAPPING }

const ROUTE = {
  Type: 'AWS::ApiGatewayV2::Route',
  Properties: {
    ApiId: { Ref: 'Http' },
    AuthorizationType: 'NONE',
    RouteKey: 'POST /api/put',
    Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
  },
}

const API: Fragment = {
  Put: FUNCTION,
  Http: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'tsdb', ProtocolType: 'HTTP' } },
  Stage: {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: { ApiId: { Ref: 'Http' }, AutoDeploy: true, StageName: '$default' },
  },
  Integration: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      ApiId: { Ref: 'Http' },
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: { 'Fn::GetAtt': ['Put', 'Arn'] },
      PayloadFormatVersion: '2.0',
    },
  },
  Route: ROUTE,
  Permission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': ['Put', 'Arn'] },
      Principal: 'apigateway.amazonaws.com',
      SourceArn: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':execute-api']] },
    },
  },
}

test('a table is read with its keys in order and its TTL attribute', () => {
  const ttl = { TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true } }
  expect(read({ Data: withProperties(TABLE, ttl) }).tables).toEqual([
    {
      logicalId: 'Data',
      name: 'tsdb',
      keys: [
        { name: 'pk', type: 'B', role: 'HASH' },
        { name: 'sk', type: 'B', role: 'RANGE' },
      ],
      ttlAttribute: 'ttl',
    },
  ])
})

test('a TTL that is switched off expires nothing', () => {
  const ttl = { TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: false } }
  expect(read({ Data: withProperties(TABLE, ttl) }).tables[0]?.ttlAttribute).toBeUndefined()
})

test('a resource without a name gets the same one at every start', () => {
  expect(read({ Stream: STREAM }).streams[0]).toEqual({
    logicalId: 'Stream',
    name: 'tsdb-Stream',
    arn: 'arn:aws:kinesis:local:000000000000:stream/tsdb-Stream',
    shards: undefined,
    retentionHours: 168,
  })
})

test('a function is read with the folder of its bundle, its limits and its resolved environment', () => {
  const environment = {
    Environment: { Variables: { TABLE: { Ref: 'Data' }, ARN: { 'Fn::GetAtt': ['Data', 'Arn'] }, PLAIN: 'x' } },
  }
  expect(read({ Data: TABLE, Put: withProperties(FUNCTION, environment) }).functions).toEqual([
    {
      logicalId: 'Put',
      name: 'tsdb-Put',
      arn: 'arn:aws:lambda:local:000000000000:function:tsdb-Put',
      codeDir: '/assembly/asset.code',
      handler: 'index.handler',
      memoryMb: 512,
      timeoutMs: 29_000,
      environment: { TABLE: 'tsdb', ARN: 'arn:aws:dynamodb:local:000000000000:table/tsdb', PLAIN: 'x' },
      logLevel: undefined,
      role: { name: 'tsdb-Role', statements: [{ actions: ['kinesis:*', 'sqs:SendMessage'], resources: ['*'] }] },
    },
  ])
})

test('of NODE_OPTIONS the size of the semi-spaces is left out, and any other option refused by name', () => {
  const put = (NODE_OPTIONS: string) => ({
    Put: withProperties(FUNCTION, { Environment: { Variables: { NODE_OPTIONS } } }),
  })
  expect(read(put('--max-semi-space-size=64')).functions).toMatchObject([{ environment: {} }])
  expect(() => read(put('--inspect'))).toThrow(/Put .*--inspect/)
})

test('an event source mapping is read with everything that decides how batches are made and retried', () => {
  expect(read(INGEST).mappings).toEqual([
    {
      logicalId: 'Mapping',
      functionId: 'Consume',
      streamArn: 'arn:aws:kinesis:local:000000000000:stream/tsdb-Stream',
      batchSize: 10_000,
      windowSeconds: 5,
      bisectOnError: true,
      reportItemFailures: true,
      maxRetries: -1,
      maxRecordAgeSeconds: -1,
      onFailureQueueArn: 'arn:aws:sqs:local:000000000000:tsdb-Failed',
    },
  ])
})

test('the API is read as routes to functions', () => {
  expect(read(API).api).toEqual({
    logicalId: 'Http',
    cors: undefined,
    authorizers: [],
    routes: [{ routeKey: 'POST /api/put', functionId: 'Put', timeoutMs: 30_000, authorizerId: undefined }],
  })
})

describe('an authorizer', () => {
  const uri = [
    'arn:aws:apigateway:local:lambda:path/2015-03-31/functions/',
    { 'Fn::GetAtt': ['Put', 'Arn'] },
    '/invocations',
  ]
  const guarded = (changes: object = {}, route: object = {}) => ({
    ...API,
    Guard: {
      Type: 'AWS::ApiGatewayV2::Authorizer',
      Properties: {
        ApiId: { Ref: 'Http' },
        AuthorizerPayloadFormatVersion: '2.0',
        AuthorizerResultTtlInSeconds: 30,
        AuthorizerType: 'REQUEST',
        AuthorizerUri: { 'Fn::Join': ['', uri] },
        EnableSimpleResponses: true,
        IdentitySource: ['$request.header.Authorization', '$context.routeKey'],
        Name: 'Guard',
        ...changes,
      },
    },
    Route: withProperties(ROUTE, { AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: 'Guard' }, ...route }),
  })

  test('is read with its function, what its answers hang on and how long they are kept', () => {
    const { authorizers, routes } = read(guarded()).api ?? {}
    expect(authorizers).toEqual([
      {
        logicalId: 'Guard',
        functionId: 'Put',
        identitySources: ['$request.header.Authorization', '$context.routeKey'],
        ttlMs: 30_000,
      },
    ])
    expect(routes).toMatchObject([{ authorizerId: 'Guard' }])
  })

  test.each([
    [{ AuthorizerType: 'JWT' }, {}, /AuthorizerType is not REQUEST/],
    [{ EnableSimpleResponses: false }, {}, /EnableSimpleResponses is not true/],
    [{ AuthorizerPayloadFormatVersion: '1.0' }, {}, /AuthorizerPayloadFormatVersion is not 2.0/],
    [{ IdentitySource: ['$request.querystring.token'] }, {}, /IdentitySource has \$request.querystring.token/],
    [{ AuthorizerUri: 'arn:aws:x/functions/other/invocations' }, {}, /AuthorizerUri is .*no function/],
    [{}, { AuthorizationType: 'AWS_IAM' }, /AuthorizationType is AWS_IAM/],
    [{}, { AuthorizerId: 'other' }, /AuthorizerId is other/],
  ])('with %j on a route with %j is refused by name', (changes, route, message) => {
    expect(() => read(guarded(changes, route))).toThrow(message)
  })
})

test('schedules of both services are read, and those switched off are not', () => {
  const rule = (properties: object) => ({
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression: 'rate(5 minutes)',
      Targets: [{ Arn: { 'Fn::GetAtt': ['Seal', 'Arn'] }, Id: 'Target0', Input: '{"a":1}' }],
      ...properties,
    },
  })
  const schedule = {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: 'cron(0 * * * ? *)',
      Target: { Arn: { 'Fn::GetAtt': ['Seal', 'Arn'] }, RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] } },
    },
  }
  const stack = read({ Seal: FUNCTION, On: rule({}), Off: rule({ State: 'DISABLED' }), Hourly: schedule })
  expect(stack.schedules).toEqual([
    { logicalId: 'On', functionId: 'Seal', expression: 'rate(5 minutes)', input: { a: 1 } },
    { logicalId: 'Hourly', functionId: 'Seal', expression: 'cron(0 * * * ? *)', input: undefined },
  ])
})

test('a resource whose condition does not hold is not there', () => {
  const conditions = { Conditions: { Wanted: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-west-1'] } } }
  expect(read({ Data: { ...TABLE, Condition: 'Wanted' } }, conditions).tables).toEqual([])
})

test('resources without local meaning are listed with the reason', () => {
  expect(read({ Role: { Type: 'AWS::IAM::Role' } }).ignored).toEqual([
    { logicalId: 'Role', type: 'AWS::IAM::Role', reason: 'no function takes it on' },
  ])
})

const REFUSED: readonly [what: string, resources: Fragment, message: RegExp][] = [
  ['an unknown type', { Bucket: { Type: 'AWS::S3::Bucket' } }, /Bucket \(AWS::S3::Bucket\): .* type of resource/],
  [
    'an unknown property',
    { Data: withProperties(TABLE, { StreamSpecification: {} }) },
    /Data .*StreamSpecification is not known/,
  ],
  [
    'an unknown nested property',
    { Data: withProperties(TABLE, { TimeToLiveSpecification: { Enabled: true, AttributeName: 'a', Grace: 1 } }) },
    /Data .*TimeToLiveSpecification\.Grace is not known/,
  ],
  [
    'an unknown intrinsic',
    { Data: withProperties(TABLE, { TableName: { 'Fn::ImportValue': 'x' } }) },
    /Data \(AWS::DynamoDB::Table\): .*Fn::ImportValue/,
  ],
  [
    'an unknown attribute',
    {
      Data: TABLE,
      Put: withProperties(FUNCTION, { Environment: { Variables: { A: { 'Fn::GetAtt': ['Data', 'StreamArn'] } } } }),
    },
    /Data .*attribute StreamArn/,
  ],
  [
    'a reference to nothing',
    { Put: withProperties(FUNCTION, { Environment: { Variables: { A: { Ref: 'Nothing' } } } }) },
    /Nothing .*not in the template/,
  ],
  ['provisioned throughput', { Data: withProperties(TABLE, { BillingMode: 'PROVISIONED' }) }, /BillingMode/],
  ['another runtime', { Put: withProperties(FUNCTION, { Runtime: 'python3.13' }) }, /python3.13/],
  [
    'code that is not in the assembly',
    { Put: withProperties(FUNCTION, { Code: { S3Key: 'other.zip' } }) },
    /Code\.S3Key/,
  ],
  [
    'several batches of a shard at once',
    { ...INGEST, Mapping: withProperties(MAPPING, { ParallelizationFactor: 2 }) },
    /Mapping .*ParallelizationFactor/,
  ],
  [
    'filters on records',
    { ...INGEST, Mapping: withProperties(MAPPING, { FilterCriteria: {} }) },
    /FilterCriteria is not known/,
  ],
  ['a route that the gateway may not call', { ...API, Permission: { Type: 'AWS::SNS::Topic' } }, /Route .*Permission/],
]

test.each(REFUSED)('%s is refused by name', (_, resources, message) => {
  expect(() => read(resources)).toThrow(message)
})
