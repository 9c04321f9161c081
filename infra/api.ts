import { CfnOutput, Duration } from 'aws-cdk-lib'
import {
  ApiMapping,
  CorsHttpMethod,
  type CorsPreflightOptions,
  DomainName,
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
} from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { StackConfig } from './config.ts'

export interface ApiProps {
  readonly config: StackConfig
  readonly put: IFunction
  readonly query: IFunction
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
      ...(config.corsOrigins.length > 0 && { corsPreflight: corsOf(config.corsOrigins) }),
    })

    const { DELETE, GET, POST } = HttpMethod
    const put = new HttpLambdaIntegration('Put', props.put)
    const query = new HttpLambdaIntegration('Query', props.query)
    const deletion = new HttpLambdaIntegration('Delete', props.delete)
    for (const prefix of ['/api', '/api/v1']) {
      this.api.addRoutes({ path: `${prefix}/put`, methods: [POST], integration: put })
      this.api.addRoutes({ path: `${prefix}/query`, methods: [GET, POST], integration: query })
      this.api.addRoutes({ path: `${prefix}/query`, methods: [DELETE], integration: deletion })
      this.api.addRoutes({ path: `${prefix}/query/last`, methods: [GET, POST], integration: query })
      this.api.addRoutes({ path: `${prefix}/query/exp`, methods: [POST], integration: query })
      this.api.addRoutes({ path: `${prefix}/query/gexp`, methods: [GET], integration: query })
    }
    new HttpRoute(this, 'Default', {
      httpApi: this.api,
      routeKey: HttpRouteKey.DEFAULT,
      integration: new HttpLambdaIntegration('Meta', props.meta),
    })

    this.url = config.domain === undefined ? this.api.apiEndpoint : `https://${config.domain.name}`
    if (config.domain !== undefined) this.#mapDomain(config.domain.name, config.domain.certificateArn)
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

/** What pages of other origins may do: all that clients do. The gateway answers their preflights itself. */
function corsOf(origins: readonly string[]): CorsPreflightOptions {
  const { GET, POST, PUT, DELETE } = CorsHttpMethod
  return {
    allowOrigins: [...origins],
    allowMethods: [GET, POST, PUT, DELETE],
    allowHeaders: ['authorization', 'content-type', 'content-encoding', 'accept', 'x-requested-with'],
    maxAge: Duration.hours(1),
  }
}
