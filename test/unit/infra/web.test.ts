import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { CONTENT_SECURITY_POLICY } from '../../../web/headers.ts'
import { synthesise } from './synthesise.ts'

const { template } = synthesise()

describe('web: the UI in a bucket behind CloudFront', () => {
  test('the bucket is private, encrypted, and asked by TLS alone', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: Match.anyValue(),
    })
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          // This distribution and no other.
          Match.objectLike({
            Effect: 'Allow',
            Action: 's3:GetObject',
            Principal: { Service: 'cloudfront.amazonaws.com' },
            Condition: { StringEquals: { 'AWS:SourceArn': Match.anyValue() } },
          }),
        ]),
      },
    })
    template.resourceCountIs('AWS::CloudFront::OriginAccessControl', 1)
  })

  test('files of the UI come from the bucket with its headers, everything else from the API, never cached', () => {
    const [distribution] = Object.values(template.findResources('AWS::CloudFront::Distribution'))
    const config = distribution?.Properties.DistributionConfig
    expect(config.DefaultRootObject).toBe('index.html')
    expect(config.DefaultCacheBehavior).toMatchObject({
      AllowedMethods: expect.arrayContaining(['GET', 'POST', 'PUT', 'DELETE']),
      // Managed policies: CachingDisabled and AllViewerExceptHostHeader.
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
      ViewerProtocolPolicy: 'https-only',
    })
    const paths = config.CacheBehaviors.map((behavior: { PathPattern: string }) => behavior.PathPattern)
    expect(paths).toEqual(['/', '/index.html', '/favicon.svg', '/assets/*'])
    const kept = config.CacheBehaviors.map((behavior: { CachePolicyId: string }) => behavior.CachePolicyId)
    // CachingDisabled, and CachingOptimized for what never changes.
    expect(new Set(kept.slice(0, 3))).toEqual(new Set(['4135ea2d-6df8-44a3-9df3-4b5a84be39ad']))
    expect(kept[3]).toBe('658327ea-f89d-4fab-a63d-7e88639e58f6')
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: {
        SecurityHeadersConfig: Match.objectLike({
          ContentSecurityPolicy: { ContentSecurityPolicy: CONTENT_SECURITY_POLICY, Override: true },
        }),
      },
    })
  })

  test('what never changes is uploaded before the page that names it, and the page is asked for anew', () => {
    const uploads = template.findResources('Custom::CDKBucketDeployment')
    const cached = Object.entries(uploads).map(([id, { Properties }]) => [
      id.replace(/CustomResource.*/, ''),
      Properties.SystemMetadata['cache-control'],
    ])
    expect(cached).toEqual([
      ['WebUploadUnchanging', 'public, max-age=31536000, immutable'],
      ['WebUploadPage', 'no-cache'],
    ])
    const page = Object.entries(uploads).find(([id]) => id.startsWith('WebUploadPage'))
    expect(page?.[1].DependsOn.some((id: string) => id.startsWith('WebUploadUnchanging'))).toBe(true)
    template.hasOutput('WebUrl', { Value: Match.anyValue() })
  })

  test('the files go with the stack, and those of a version before stay until then', () => {
    for (const { Properties } of Object.values(template.findResources('Custom::CDKBucketDeployment'))) {
      expect(Properties).toMatchObject({ RetainOnDelete: false, Prune: false })
      // Nothing is kept at CloudFront that a deployment would have to have it forget.
      expect(Properties).not.toHaveProperty('DistributionId')
    }
    // By these the uploading function knows a bucket from which it must delete nothing.
    template.hasResourceProperties('AWS::S3::Bucket', { Tags: Match.absent() })
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' })
  })

  test('what has a name in the whole account says of which stack and region it is', () => {
    const name = { 'Fn::Join': ['', ['tsdb-', { Ref: 'AWS::Region' }]] }
    template.hasResourceProperties('AWS::CloudFront::OriginAccessControl', {
      OriginAccessControlConfig: { Name: name },
    })
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: { Name: name },
    })
  })

  test('webDomain and webCertificateArn: put it behind a domain and say where its DNS record must point', () => {
    const certificate = 'arn:aws:acm:us-east-1:123456789012:certificate/12ab-34cd'
    const own = synthesise({ webDomain: 'graphs.example.com', webCertificateArn: certificate }).template
    own.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        Aliases: ['graphs.example.com'],
        ViewerCertificate: { AcmCertificateArn: certificate, MinimumProtocolVersion: 'TLSv1.2_2021' },
      },
    })
    own.hasOutput('WebUrl', { Value: 'https://graphs.example.com' })
    const targets = Object.keys(own.toJSON().Outputs).filter((key) => key.startsWith('WebDomainTarget'))
    expect(targets).toHaveLength(1)
  })

  test('web: left out, there is neither', () => {
    const without = synthesise({ web: 'false' }).template
    without.resourceCountIs('AWS::S3::Bucket', 0)
    without.resourceCountIs('AWS::CloudFront::Distribution', 0)
  })
})
