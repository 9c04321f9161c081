import { Aws, CfnOutput, Duration, Fn, RemovalPolicy } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
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
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { UNCHANGING } from '../web/build.ts'
import { CONTENT_SECURITY_POLICY } from '../web/headers.ts'
import type { StackConfig } from './config.ts'
import { WebUpload } from './web-upload.ts'

export interface WebProps {
  readonly config: StackConfig
  readonly api: HttpApi
}

/** Paths that are files of the UI; everything else is the API's. local/site.ts serves the same. */
const FILES = ['/', '/index.html', '/favicon.svg']
/** Likewise, of those that never change. The others are asked for anew each time: no deployment has anything to invalidate. */
const FILES_UNCHANGING = `/${UNCHANGING}*`
/** The API answers within 30 seconds, or API Gateway does. */
const API_SECONDS = 35

/** The browser UI: a private bucket behind CloudFront, and the API behind the same address, so that there is one origin. */
export class Web extends Construct {
  /** Where people find the UI, and clients the API, without a slash at the end. */
  readonly url: string

  constructor(scope: Construct, id: string, { config, api }: WebProps) {
    super(scope, id)
    const bucket = new Bucket(this, 'Files', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      // What is in it is built from the project at each deployment.
      removalPolicy: RemovalPolicy.DESTROY,
    })
    new WebUpload(this, 'Upload', { config, bucket })
    // They differ in how an optional property is declared, and in nothing else.
    const distribution = this.#distribution(bucket as IBucket, api, config)
    if (config.webDomain === undefined) this.url = `https://${distribution.distributionDomainName}`
    else {
      this.url = `https://${config.webDomain.name}`
      new CfnOutput(this, 'DomainTarget', {
        description: `What the DNS record of ${config.webDomain.name} must point to`,
        value: distribution.distributionDomainName,
      })
    }
  }

  #distribution(bucket: IBucket, api: HttpApi, { name: stackName, webDomain: domain }: StackConfig): Distribution {
    // Names of CloudFront's are those of an account, in all of its regions.
    const name = `${stackName}-${Aws.REGION}`
    const unchanging: BehaviorOptions = {
      origin: S3BucketOrigin.withOriginAccessControl(bucket, { originAccessControl: this.#accessControl(name) }),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: CachePolicy.CACHING_OPTIMIZED,
      responseHeadersPolicy: this.#headers(name),
    }
    const files: BehaviorOptions = { ...unchanging, cachePolicy: CachePolicy.CACHING_DISABLED }
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
      additionalBehaviors: {
        ...Object.fromEntries(FILES.map((path) => [path, files])),
        [FILES_UNCHANGING]: unchanging,
      },
      ...(domain !== undefined && {
        domainNames: [domain.name],
        certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
        minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      }),
    })
  }

  #accessControl(name: string): S3OriginAccessControl {
    return new S3OriginAccessControl(this, 'AccessControl', { originAccessControlName: name })
  }

  #headers(name: string): ResponseHeadersPolicy {
    return new ResponseHeadersPolicy(this, 'Headers', {
      responseHeadersPolicyName: name,
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: CONTENT_SECURITY_POLICY, override: true },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), override: true },
      },
    })
  }
}
