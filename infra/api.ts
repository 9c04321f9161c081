import { CfnOutput, Duration } from 'aws-cdk-lib'
import {
  ApiMapping,
  CfnStage,
  CorsHttpMethod,
  type CorsPreflightOptions,
  DomainName,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  type IHttpRouteAuthorizer,
} from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { isInMode, type Mode, RULES } from '../lib/access/scopes.ts'
import type { StackConfig } from './config.ts'

export interface ApiProps {
  readonly config: StackConfig
  /** Asked on every route but that of preflights. */
  readonly authorizer: IHttpRouteAuthorizer
  readonly put: IFunction
  readonly query: IFunction
  readonly kairosQuery: IFunction
  readonly delete: IFunction
  /** Takes every path that no other route names, and so knows what is a 404, a 405 and a 501. */
  readonly meta: IFunction
}

/** OpenTSDB's HTTP API: each path that has a function of its own is a route; with and without the version. */
export class Api extends Construct {
  readonly api: HttpApi
  /** Where clients find the API, without a slash at the end. */
  readonly url: string

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id)
    const { config } = props
    this.api = new HttpApi(this, 'Http', {
      apiName: config.name,
      description: "OpenTSDB's HTTP API",
      defaultAuthorizer: props.authorizer,
      ...(config.corsOrigins.length > 0 && { corsPreflight: corsOf(config.corsOrigins) }),
    })

    this.#throttle(config.throttle)

    const { DELETE, GET, POST } = HttpMethod
    const put = new HttpLambdaIntegration('Put', props.put)
    const query = new HttpLambdaIntegration('Query', props.query)
    const kairosQuery = new HttpLambdaIntegration('KairosQuery', props.kairosQuery)
    const deletion = new HttpLambdaIntegration('Delete', props.delete)
    const meta = new HttpLambdaIntegration('Meta', props.meta)
    // What a mode leaves out falls to `meta`, which says so.
    const { mode } = config
    for (const prefix of ['/api', '/api/v1']) {
      if (mode !== 'ro') {
        this.api.addRoutes({ path: `${prefix}/put`, methods: [POST], integration: put })
        // A route's path can't end in a slash, which some collectors send: to the gateway it is an empty rest.
        this.api.addRoutes({ path: `${prefix}/put/{proxy+}`, methods: [POST], integration: put })
        this.api.addRoutes({ path: `${prefix}/query`, methods: [DELETE], integration: deletion })
      }
      if (mode === 'wo') continue
      this.api.addRoutes({ path: `${prefix}/query`, methods: [GET, POST], integration: query })
      this.api.addRoutes({ path: `${prefix}/query/last`, methods: [GET, POST], integration: query })
      this.api.addRoutes({ path: `${prefix}/query/exp`, methods: [POST], integration: query })
      this.api.addRoutes({ path: `${prefix}/query/gexp`, methods: [GET], integration: query })
    }
    // KairosDB's API, in whose paths the version is not optional.
    if (mode !== 'ro') {
      this.api.addRoutes({ path: '/api/v1/datapoints', methods: [POST], integration: put })
      this.api.addRoutes({ path: '/api/v1/datapoints/delete', methods: [POST], integration: deletion })
      this.api.addRoutes({ path: '/api/v1/metric/{proxy+}', methods: [DELETE], integration: deletion })
    }
    if (mode !== 'wo') {
      this.api.addRoutes({ path: '/api/v1/datapoints/query', methods: [GET, POST], integration: kairosQuery })
      this.api.addRoutes({ path: '/api/v1/datapoints/query/tags', methods: [POST], integration: kairosQuery })
    }
    if (config.authorizer.kind === 'iam') this.#addMetaRoutes(meta, mode)
    else {
      const routeKey = HttpRouteKey.DEFAULT
      new HttpRoute(this, 'Default', { httpApi: this.api, routeKey, integration: meta, authorizer: props.authorizer })
    }
    if (config.corsOrigins.length > 0) {
      // `$default` takes OPTIONS too, and a browser asks without a token.
      this.api.addRoutes({
        path: '/{proxy+}',
        methods: [HttpMethod.OPTIONS],
        integration: meta,
        authorizer: new HttpNoneAuthorizer(),
      })
    }

    this.url = config.domain === undefined ? this.api.apiEndpoint : `https://${config.domain.name}`
    if (config.domain !== undefined) this.#mapDomain(config.domain.name, config.domain.certificateArn)
  }

  /** A route for each row of the table of scopes that has none yet, since policies of IAM know no more of a request than its route. */
  #addMetaRoutes(integration: HttpLambdaIntegration, mode: Mode): void {
    for (const rule of RULES.filter((each) => isInMode(mode, each))) {
      const { methods, path } = rule
      const prefixes = path.startsWith('/api/') ? ['/api/', '/api/v1/'] : ['/']
      for (const prefix of prefixes) {
        const routed = path.replace(prefixes[0] ?? '', prefix).replace(/\*$/, '{proxy+}')
        for (const method of methods) {
          const httpMethod = METHODS[method]
          if (httpMethod === undefined || this.api.node.tryFindChild(`${httpMethod}${routed}`) !== undefined) continue
          this.api.addRoutes({ path: routed, methods: [httpMethod], integration })
        }
      }
    }
  }

  /** The construct of an HTTP API makes the stage by itself and lets nobody say how many requests it takes. */
  #throttle({ rate, burst }: StackConfig['throttle']): void {
    const stage = this.api.defaultStage?.node.defaultChild
    if (!(stage instanceof CfnStage)) throw new Error('The HTTP API has no default stage')
    stage.addPropertyOverride('DefaultRouteSettings', { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst })
  }

  #mapDomain(name: string, certificateArn: string): void {
    const domainName = new DomainName(this, 'Domain', {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
    })
    new ApiMapping(this, 'Mapping', { api: this.api, domainName })
    new CfnOutput(this, 'DomainTarget', {
      description: `What the DNS record of ${name} must point to`,
      value: domainName.regionalDomainName,
    })
  }
}

/** What rows of the table of scopes call methods; a row for every method is a route for any. */
const METHODS: Readonly<Record<string, HttpMethod>> = {
  GET: HttpMethod.GET,
  POST: HttpMethod.POST,
  PUT: HttpMethod.PUT,
  DELETE: HttpMethod.DELETE,
  '*': HttpMethod.ANY,
}

/** Headers of requests that pages of other origins may send; the last is one of Grafana's KairosDB data source. */
const CORS_HEADERS = [
  'authorization',
  'content-type',
  'content-encoding',
  'accept',
  'prefer',
  'x-requested-with',
  'x-grafana-token',
]

/**
 * What pages of other origins may do: all that clients do. The gateway answers their preflights itself. Grafana in "browser" access sends
 * a data source's password as one of the browser's credentials, which CORS allows to origins that are named, not to any.
 */
function corsOf(origins: readonly string[]): CorsPreflightOptions {
  const { GET, POST, PUT, DELETE } = CorsHttpMethod
  return {
    allowOrigins: [...origins],
    allowMethods: [GET, POST, PUT, DELETE],
    allowHeaders: CORS_HEADERS,
    ...(!origins.includes('*') && { allowCredentials: true }),
    maxAge: Duration.hours(1),
  }
}
