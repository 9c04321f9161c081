import { Assets } from '../../../../local/template/assembly.ts'
import { type LocalStack, readTemplate } from '../../../../local/template/index.ts'

/** Resources by logical id, as a template writes them. */
export type Fragment = Record<string, { Type: string; Properties?: object; Condition?: string }>

/** Reads a template of these resources and the role of FUNCTION; `code.zip` is the one asset. */
export function read(resources: Fragment, more: Record<string, unknown> = {}): LocalStack {
  return readTemplate({
    stackName: 'tsdb',
    template: { Resources: { Role: ROLE, ...resources }, ...more },
    assets: new Assets(new Map([['code.zip', '/assembly/asset.code']])),
  })
}

export const TABLE = {
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    TableName: 'tsdb',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'B' },
      { AttributeName: 'sk', AttributeType: 'B' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  },
}

export const STREAM = {
  Type: 'AWS::Kinesis::Stream',
  Properties: { StreamModeDetails: { StreamMode: 'ON_DEMAND' }, RetentionPeriodHours: 168 },
}

/** May do everything with streams and queues, which mappings are held to. */
export const ROLE = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
    },
    Policies: [
      {
        PolicyName: 'Work',
        PolicyDocument: {
          Statement: [{ Action: ['kinesis:*', 'sqs:SendMessage'], Effect: 'Allow', Resource: '*' }],
          Version: '2012-10-17',
        },
      },
    ],
  },
}

export const FUNCTION = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: 'assets', S3Key: 'code.zip' },
    Handler: 'index.handler',
    MemorySize: 512,
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Runtime: 'nodejs24.x',
    Timeout: 29,
  },
}

/** A resource with other properties; `undefined` takes one away. */
export function withProperties<T extends { Type: string; Properties: object }>(resource: T, changes: object) {
  return { ...resource, Properties: JSON.parse(JSON.stringify({ ...resource.Properties, ...changes })) }
}
