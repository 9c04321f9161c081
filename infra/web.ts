import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duration, Fn, RemovalPolicy } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment'
import { Construct } from 'constructs'
import { buildWebSync, UNCHANGING, writeWeb } from '../web/build.ts'
import { CACHE_NOT, CACHE_UNCHANGING, CONTENT_SECURITY_POLICY } from '../web/headers.ts'

export interface WebProps {
  readonly api: HttpApi
}

/** Paths that are files of the UI; everything else is the API's. local/site.ts serves the same. */
const FILES = ['/', '/index.html', '/favicon.svg', `/${UNCHANGING}*`]
/** The API answers within 30 seconds, or API Gateway does. */
const API_SECONDS = 35

/** The browser UI: a private bucket behind CloudFront, and the API behind the same address, so that there is one origin. */
export class Web extends Construct {
  /** Where people find the UI, and clients the API, without a slash at the end. */
  readonly url: string

  constructor(scope: Construct, id: string, { api }: WebProps) {
    super(scope, id)
    const made = new Bucket(this, 'Files', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      // What is in it is built from the project at each deployment.
      removalPolicy: RemovalPolicy.DESTROY,
    })
    // They differ in how an optional property is declared, and in nothing else.
    const bucket = made as IBucket
    const distribution = this.#distribution(bucket, api)
    this.#upload(bucket, distribution)
    this.url = `https://${distribution.distributionDomainName}`
  }

  #distribution(bucket: IBucket, api: HttpApi): Distribution {
    const files: BehaviorOptions = {
      origin: S3BucketOrigin.withOriginAccessControl(bucket),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: CachePolicy.CACHING_OPTIMIZED,
      responseHeadersPolicy: this.#headers(),
    }
    const host = Fn.select(2, Fn.split('/', api.apiEndpoint))
    return new Distribution(this, 'Distribution', {
      comment: 'The UI, and the API behind the same address',
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: new HttpOrigin(host, { readTimeout: Duration.seconds(API_SECONDS) }),
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        allowedMethods: AllowedMethods.ALLOW_ALL,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        // With Authorization, and without Host, by which API Gateway knows its API.
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      },
      additionalBehaviors: Object.fromEntries(FILES.map((path) => [path, files])),
    })
  }

  #headers(): ResponseHeadersPolicy {
    return new ResponseHeadersPolicy(this, 'Headers', {
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: CONTENT_SECURITY_POLICY, override: true },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), override: true },
      },
    })
  }

  /** Files that never change go first, and stay for pages that are open; then the page that names them. */
  #upload(bucket: IBucket, distribution: Distribution): void {
    const folder = mkdtempSync(join(tmpdir(), 'tsdb-web-'))
    writeWeb(buildWebSync(), folder)
    const unchanging = new BucketDeployment(this, 'Unchanging', {
      destinationBucket: bucket,
      sources: [Source.asset(folder, { exclude: ['*.html', '*.svg'] })],
      cacheControl: [CacheControl.fromString(CACHE_UNCHANGING)],
      prune: false,
    })
    const page = new BucketDeployment(this, 'Page', {
      destinationBucket: bucket,
      sources: [Source.asset(folder, { exclude: ['assets'] })],
      cacheControl: [CacheControl.fromString(CACHE_NOT)],
      prune: false,
      distribution,
      distributionPaths: ['/', '/index.html', '/favicon.svg'],
    })
    page.node.addDependency(unchanging)
  }
}
