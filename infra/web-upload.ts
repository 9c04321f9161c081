import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RemovalPolicy } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Asset } from 'aws-cdk-lib/aws-s3-assets'
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment'
import { Construct } from 'constructs'
import { buildWebSync, writeWeb } from '../web/build.ts'
import { CACHE_NOT, CACHE_UNCHANGING } from '../web/headers.ts'
import type { StackConfig } from './config.ts'
import { type Permission, policyOf } from './function.ts'

export interface WebUploadProps {
  readonly config: StackConfig
  /** Where the files go. Must be in the same stack, and hold nothing else. */
  readonly bucket: Bucket
}

/**
 * Builds the UI and has a deployment put its files into the bucket, by the CDK's own function (BucketDeployment). That takes
 * them away again before the bucket goes.
 *
 * The CDK would give the function's role `s3:GetObject*` on all assets of the account and more; here it gets a role that says
 * what https://github.com/aws/aws-cdk/tree/main/packages/%40aws-cdk/custom-resource-handlers/lib/aws-s3-deployment does.
 */
export class WebUpload extends Construct {
  constructor(scope: Construct, id: string, { config, bucket }: WebUploadProps) {
    super(scope, id)
    const [unchanging, page] = this.#assets()
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/${config.name}/upload`,
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { Work: policyOf(permissionsOf(logGroup, [unchanging, page], bucket)) },
    })
    const common = {
      // Tags that the CDK puts on a bucket of its own would keep the files from being deleted with the stack.
      destinationBucket: Bucket.fromBucketAttributes(this, 'Files', {
        bucketName: bucket.bucketName,
        bucketArn: bucket.bucketArn,
      }),
      role: role.withoutPolicyUpdates(),
      logGroup,
      // What is open in a browser may still ask for files of the version before.
      prune: false,
      retainOnDelete: false,
    }
    const first = new BucketDeployment(this, 'Unchanging', {
      ...common,
      sources: [Source.bucket(unchanging.bucket, unchanging.s3ObjectKey)],
      cacheControl: [CacheControl.fromString(CACHE_UNCHANGING)],
    })
    // The page names files that have to be there.
    const then = new BucketDeployment(this, 'Page', {
      ...common,
      sources: [Source.bucket(page.bucket, page.s3ObjectKey)],
      cacheControl: [CacheControl.fromString(CACHE_NOT)],
    })
    then.node.addDependency(first)
    // With the bucket's policy, which both need.
    first.node.addDependency(bucket)
  }

  /** What never changes, and the page that names it. */
  #assets(): [unchanging: Asset, page: Asset] {
    const folder = mkdtempSync(join(tmpdir(), 'tsdb-web-'))
    try {
      writeWeb(buildWebSync(), folder)
      return [
        new Asset(this, 'UnchangingFiles', { path: folder, exclude: ['*.html', '*.svg'] }),
        new Asset(this, 'PageFiles', { path: folder, exclude: ['assets'] }),
      ]
    } finally {
      // The CDK has made copies of them.
      rmSync(folder, { recursive: true })
    }
  }
}

function permissionsOf(logGroup: LogGroup, assets: readonly Asset[], bucket: Bucket): Permission[] {
  return [
    { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] },
    { actions: ['s3:GetObject'], resources: assets.map((asset) => asset.bucket.arnForObjects(asset.s3ObjectKey)) },
    // What is there already, and whether others put files there too.
    { actions: ['s3:ListBucket', 's3:GetBucketTagging'], resources: [bucket.bucketArn] },
    { actions: ['s3:PutObject', 's3:DeleteObject'], resources: [bucket.arnForObjects('*')] },
  ]
}
