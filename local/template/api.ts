import { RunnerError } from '../errors.ts'
import { functionOf } from './functions.ts'
import type { ApiModel, AuthorizerModel, CorsModel, RouteModel } from './model.ts'
import type { Properties } from './properties.ts'
import type { Resources } from './resources.ts'

/** What an HTTP API waits for an integration where the template does not say: 30 s, which is also the most. */
const INTEGRATION_TIMEOUT_MS = 30_000

interface Integration {
  readonly functionId: string
  readonly timeoutMs: number
}

/**
 * Reads the HTTP API: AWS::ApiGatewayV2::Api with its routes, integrations and stage, and the permissions without which the
 * gateway could not call the functions.
 */
export function readApi(resources: Resources): ApiModel | undefined {
  const [api, ...more] = resources.ofType('AWS::ApiGatewayV2::Api')
  if (api === undefined) return undefined
  if (more.length > 0) throw new RunnerError('The template has several HTTP APIs; the runner serves one')

  if (api.text('ProtocolType') !== 'HTTP') throw api.wrong('ProtocolType', 'is not HTTP')
  api.optionalText('Name')
  const cors = readCors(api.optionalObject('CorsConfiguration'))
  api.skip({
    Description: 'for people',
    DisableExecuteApiEndpoint: 'the local address is the only one',
    Tags: 'nobody reads them here',
  })
  api.done()

  for (const stage of resources.ofType('AWS::ApiGatewayV2::Stage')) readStage(stage)
  const invocable = readPermissions(resources)
  const integrations = new Map(
    resources
      .ofType('AWS::ApiGatewayV2::Integration')
      .map((each) => [each.logicalId, readIntegration(each, resources)]),
  )
  const authorizers = resources
    .ofType('AWS::ApiGatewayV2::Authorizer')
    .map((each) => readAuthorizer(each, resources, invocable))
  const routes = resources.ofType('AWS::ApiGatewayV2::Route').map((route): RouteModel => {
    const routeKey = route.text('RouteKey')
    const target = route.text('Target')
    const integration = integrations.get(target.replace(/^integrations\//, '').replace(`${resources.stackName}-`, ''))
    if (integration === undefined) throw route.wrong('Target', `is ${target}, which is no integration of this template`)
    if (!invocable.has(integration.functionId)) {
      throw route.wrong(
        'Target',
        `calls ${integration.functionId}, which no AWS::Lambda::Permission lets the gateway call`,
      )
    }
    const authorizerId = readAuthorizerOf(route, resources)
    route.skip({ ApiId: 'there is one API', OperationName: 'for people' })
    route.done()
    return { routeKey, ...integration, authorizerId }
  })
  return { logicalId: api.logicalId, routes, authorizers, cors }
}

function readStage(stage: Properties): void {
  if (stage.text('StageName') !== '$default') throw stage.wrong('StageName', 'is not $default')
  if (!stage.flag('AutoDeploy')) throw stage.wrong('AutoDeploy', 'is not true: nothing would be deployed')
  stage.skip({
    AccessLogSettings: 'the runner logs requests at level debug',
    ApiId: 'there is one API',
    DefaultRouteSettings: 'throttling and metrics are the cloud’s',
    Description: 'for people',
    RouteSettings: 'throttling and metrics are the cloud’s',
    Tags: 'nobody reads them here',
  })
  stage.done()
}

function readIntegration(integration: Properties, resources: Resources): Integration {
  if (integration.text('IntegrationType') !== 'AWS_PROXY')
    throw integration.wrong('IntegrationType', 'is not AWS_PROXY')
  if (integration.text('PayloadFormatVersion') !== '2.0') throw integration.wrong('PayloadFormatVersion', 'is not 2.0')
  const timeoutMs = integration.optionalNumber('TimeoutInMillis') ?? INTEGRATION_TIMEOUT_MS
  const functionId = functionOf(integration, 'IntegrationUri', resources)
  integration.skip({
    ApiId: 'there is one API',
    Description: 'for people',
    IntegrationMethod: 'a function is called, not requested',
  })
  integration.done()
  return { functionId, timeoutMs }
}

/** @returns the logical id of the authorizer that a route asks, undefined where it asks nobody */
function readAuthorizerOf(route: Properties, resources: Resources): string | undefined {
  const type = route.optionalText('AuthorizationType') ?? 'NONE'
  const id = route.optionalText('AuthorizerId')
  if (type === 'NONE') return undefined
  if (type !== 'CUSTOM') throw route.wrong('AuthorizationType', `is ${type}; the runner has NONE and CUSTOM only`)
  const authorizer = resources
    .ofType('AWS::ApiGatewayV2::Authorizer')
    .find(({ logicalId }) => id === logicalId || id === `${resources.stackName}-${logicalId}`)
  if (authorizer === undefined) throw route.wrong('AuthorizerId', `is ${id}, which is no authorizer of this template`)
  return authorizer.logicalId
}

const KNOWN_SOURCE = /^\$(request\.header\.[A-Za-z0-9-]+|context\.routeKey)$/
/** What API Gateway keeps an answer for where the template does not say. */
const AUTHORIZER_TTL_S = 300

function readAuthorizer(authorizer: Properties, resources: Resources, invocable: ReadonlySet<string>): AuthorizerModel {
  const { logicalId } = authorizer
  if (authorizer.text('AuthorizerType') !== 'REQUEST') throw authorizer.wrong('AuthorizerType', 'is not REQUEST')
  if (authorizer.text('AuthorizerPayloadFormatVersion') !== '2.0')
    throw authorizer.wrong('AuthorizerPayloadFormatVersion', 'is not 2.0')
  if (!authorizer.flag('EnableSimpleResponses')) throw authorizer.wrong('EnableSimpleResponses', 'is not true')
  const identitySources = authorizer.texts('IdentitySource')
  const unknown = identitySources.find((source) => !KNOWN_SOURCE.test(source))
  if (unknown !== undefined)
    throw authorizer.wrong('IdentitySource', `has ${unknown}, which is not known to the runner`)
  // arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations
  const uri = authorizer.text('AuthorizerUri')
  const arn = /\/functions\/(.+)\/invocations$/.exec(uri)?.[1] ?? ''
  const functionId = resources.find('AWS::Lambda::Function', arn)
  if (functionId === undefined)
    throw authorizer.wrong('AuthorizerUri', `is ${uri}, which is no function of this template`)
  if (!invocable.has(functionId)) {
    const problem = `calls ${functionId}, which no AWS::Lambda::Permission lets the gateway call`
    throw authorizer.wrong('AuthorizerUri', problem)
  }
  const ttlMs = (authorizer.optionalNumber('AuthorizerResultTtlInSeconds') ?? AUTHORIZER_TTL_S) * 1000
  authorizer.optionalText('Name')
  authorizer.skip({ ApiId: 'there is one API' })
  authorizer.done()
  return { logicalId, functionId, identitySources, ttlMs }
}

function readPermissions(resources: Resources): Set<string> {
  const invocable = new Set<string>()
  for (const permission of resources.ofType('AWS::Lambda::Permission')) {
    const functionId = functionOf(permission, 'FunctionName', resources)
    const action = permission.text('Action')
    const principal = permission.text('Principal')
    if (action === 'lambda:InvokeFunction' && principal === 'apigateway.amazonaws.com') invocable.add(functionId)
    permission.skip({ SourceAccount: 'there is one account', SourceArn: 'there is one API' })
    permission.done()
  }
  return invocable
}

function readCors(cors: Properties | undefined): CorsModel | undefined {
  if (cors === undefined) return undefined
  const model: CorsModel = {
    allowOrigins: cors.texts('AllowOrigins'),
    allowMethods: cors.texts('AllowMethods'),
    allowHeaders: cors.texts('AllowHeaders'),
    exposeHeaders: cors.texts('ExposeHeaders'),
    allowCredentials: cors.flag('AllowCredentials'),
    maxAgeSeconds: cors.optionalNumber('MaxAge'),
  }
  cors.done()
  return model
}
