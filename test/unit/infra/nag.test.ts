import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsSolutionsChecks } from 'cdk-nag'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createApp } from '../../../infra/create-app.ts'

/** What AWS Solutions' checks find fault with and is meant so: rule and construct, and why. */
const MEANT: Readonly<Record<string, string>> = {
  'AwsSolutions-SQS3 Tsdb/Ingest/Failed': 'It is a dead-letter queue itself, of the event source mapping',
  'AwsSolutions-SQS3 Tsdb/Devices/Failed': 'It is a dead-letter queue itself, of the IoT rule',
  'AwsSolutions-DDB3 Tsdb/Storage/Counters': 'What functions count may be lost; it goes with the stack',
  'AwsSolutions-APIG1 Tsdb/Api/Http/DefaultStage':
    'A line a request would cost more than the request; functions log each at level info, with who called and what became of it',
}

/** Likewise, where pages of other origins are let in. */
const MEANT_WITH_CORS: Readonly<Record<string, string>> = {
  'AwsSolutions-APIG4 Tsdb/Api/Http/OPTIONS--{proxy+}':
    'Browsers ask before they ask, without a token; the answer says only what is asked of the gateway’s configuration',
}

/** Likewise, where the UI is deployed. */
const MEANT_WITH_WEB: Readonly<Record<string, string>> = {
  'AwsSolutions-CFR1 Tsdb/Web/Distribution': 'People look at graphs from everywhere',
  'AwsSolutions-CFR2 Tsdb/Web/Distribution':
    'The files are public and the API asks for tokens; a WAF costs more than all the rest when idle',
  'AwsSolutions-CFR3 Tsdb/Web/Distribution':
    'What is asked of the API its functions log; the files are the same for everybody',
  'AwsSolutions-CFR4 Tsdb/Web/Distribution': 'CloudFront’s own certificate takes no other setting',
  'AwsSolutions-S1 Tsdb/Web/Files': 'CloudFront alone reads the bucket, and what is in it is public',
  'AwsSolutions-IAM5 Tsdb/Web/Upload/Role':
    'Files of the UI have the hash of their content in their names; nothing else is in the bucket',
  'AwsSolutions-L1 Tsdb/Custom::CDKBucketDeployment': 'The CDK’s own code, on the Python that it was written for',
}

/** Rule and construct of whatever the checks find in the stack of some context. */
function findings(context: Readonly<Record<string, unknown>>): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'tsdb-nag-'))
  onTestFinished(() => rmSync(outdir, { recursive: true }))
  const stderr = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  onTestFinished(() => stderr.mockRestore())
  const app = createApp({ outdir, validate: false, context: { ...context, 'aws:cdk:bundling-stacks': [] } })
  app.synth()
  const { violations } = new AwsSolutionsChecks(app).validateScope(app)
  const found = violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath = '' }) => {
      const construct = constructPath.replace(/\/Resource$/, '').replace(/(Custom::[A-Za-z]+?)[0-9A-F]{32}.*$/, '$1')
      return `${ruleName.replace(/\[.*\]$/, '')} ${construct}`
    }),
  )
  return [...new Set(found)]
}

test.each([
  {},
  { allowDelete: 'true', blockRetentionDays: '0', shards: '2', corsOrigins: '*' },
  {
    authorizer: 'jwt',
    jwtIssuer: 'https://id.example.com',
    jwtAudience: 'tsdb',
    domain: 'tsdb.example.com',
    certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/12ab-34cd',
  },
  { authorizer: 'iam', mode: 'ro' },
  { web: 'false' },
])('AWS Solutions’ checks find nothing in the template of %j but what is meant so', (context) => {
  const meant = {
    ...MEANT,
    ...('corsOrigins' in context && MEANT_WITH_CORS),
    ...(!('web' in context || context.authorizer === 'iam') && MEANT_WITH_WEB),
  }
  expect(findings(context).sort()).toEqual(Object.keys(meant).sort())
})
