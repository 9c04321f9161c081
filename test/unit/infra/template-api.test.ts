import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { deviceSql } from '../../../infra/devices.ts'
import { findNeed } from '../../../lib/access/scopes.ts'
import { byDefault, CERTIFICATE, synthesise, variables } from './template.ts'

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
