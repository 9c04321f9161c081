import { Duration } from 'aws-cdk-lib'
import type { IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2'
import {
  HttpIamAuthorizer,
  HttpJwtAuthorizer,
  HttpLambdaAuthorizer,
  HttpLambdaResponseType,
} from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { Construct } from 'constructs'
import type { StackConfig } from './config.ts'
import { TsdbFunction } from './function.ts'
import type { Storage } from './storage.ts'

export interface AccessProps {
  readonly config: StackConfig
  readonly storage: Storage
}

/** How long a revoked token may still pass: what it was answered before is kept by the gateway for so long. */
const KEPT = Duration.seconds(30)

/** Says who calls the API, before anything else is asked. There is no deployment without it. */
export class Access extends Construct {
  /** Looks up tokens; undefined where something else says who calls. */
  readonly authorize: TsdbFunction | undefined
  readonly authorizer: IHttpRouteAuthorizer

  constructor(scope: Construct, id: string, props: AccessProps) {
    super(scope, id)
    const { config, storage } = props
    const { authorizer } = config
    if (authorizer.kind === 'iam') this.authorizer = new HttpIamAuthorizer()
    else if (authorizer.kind === 'jwt') {
      const { issuer, audience } = authorizer
      this.authorizer = new HttpJwtAuthorizer('Jwt', issuer, { jwtAudience: [...audience] })
    } else {
      this.authorize = this.#createAuthorize(config, storage)
      this.authorizer = new HttpLambdaAuthorizer('Tokens', this.authorize.lambda, {
        responseTypes: [HttpLambdaResponseType.SIMPLE],
        // The route is part of what an answer is kept by: one for put says nothing of query.
        identitySource: ['$request.header.Authorization', '$context.routeKey'],
        resultsCacheTtl: KEPT,
      })
    }
  }

  #createAuthorize(config: StackConfig, storage: Storage): TsdbFunction {
    return new TsdbFunction(this, 'Authorize', {
      config,
      storage,
      entry: 'authorize',
      description: 'Says whose token a request brings and what it may do',
      memoryMb: 512,
      // The gateway's most.
      timeoutSeconds: 10,
      environment: storage.names('meta'),
      permissions: [
        // The use of a token is noted, once a day.
        { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], resources: storage.arns('meta') },
      ],
    })
  }
}
