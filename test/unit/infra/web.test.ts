import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { CONTENT_SECURITY_POLICY } from '../../../web/headers.ts'
import { synthesise } from './synthesise.ts'

const { template } = synthesise({ web: 'true' })

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
      ['WebUnchanging', 'public, max-age=31536000, immutable'],
      ['WebPage', 'no-cache'],
    ])
    const page = Object.entries(uploads).find(([id]) => id.startsWith('WebPage'))
    expect(page?.[1].DependsOn.some((id: string) => id.startsWith('WebUnchanging'))).toBe(true)
    template.hasOutput('WebUrl', { Value: Match.anyValue() })
  })

  test('without it there is neither', () => {
    const without = synthesise({ web: 'false' }).template
    without.resourceCountIs('AWS::S3::Bucket', 0)
    without.resourceCountIs('AWS::CloudFront::Distribution', 0)
  })
})
