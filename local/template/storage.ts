import type { KeyAttribute, QueueModel, StreamModel, TableModel } from './model.ts'
import type { Properties } from './properties.ts'
import type { Resources } from './resources.ts'

/** Reads AWS::DynamoDB::Table. */
export function readTable(properties: Properties, resources: Resources): TableModel {
  const { logicalId } = properties
  const types = new Map(
    properties.objects('AttributeDefinitions').map((definition) => {
      const entry = [definition.text('AttributeName'), definition.text('AttributeType')] as const
      definition.done()
      return entry
    }),
  )
  const keys = properties.objects('KeySchema').map((element): KeyAttribute => {
    const name = element.text('AttributeName')
    const role = element.text('KeyType')
    const type = types.get(name)
    if (role !== 'HASH' && role !== 'RANGE') throw element.wrong('KeyType', 'is neither HASH nor RANGE')
    if (type !== 'B' && type !== 'N' && type !== 'S') throw element.wrong('AttributeName', 'is not defined')
    element.done()
    return { name, type, role }
  })
  const billing = properties.optionalText('BillingMode')
  if (billing !== 'PAY_PER_REQUEST')
    throw properties.wrong('BillingMode', 'is not PAY_PER_REQUEST: the emulator has no throttling')

  const ttl = properties.optionalObject('TimeToLiveSpecification')
  const ttlAttribute = ttl?.flag('Enabled') ? ttl.text('AttributeName') : undefined
  if (ttl !== undefined) {
    ttl.optionalText('AttributeName')
    ttl.done()
  }

  properties.optionalText('TableName')
  properties.skip({
    DeletionProtectionEnabled: 'nothing local deletes a table',
    PointInTimeRecoverySpecification: 'the data folder can be copied while the runner is stopped',
    SSESpecification: 'the data folder is as safe as the disk it lies on',
    Tags: 'nobody reads them here',
    WarmThroughput: 'the emulator has no throttling',
  })
  properties.done()
  return { logicalId, name: resources.nameOf(logicalId), keys, ttlAttribute }
}

/** Reads AWS::Kinesis::Stream. */
export function readStream(properties: Properties, resources: Resources): StreamModel {
  const { logicalId } = properties
  const mode = properties.optionalObject('StreamModeDetails')
  const onDemand = mode?.text('StreamMode') === 'ON_DEMAND'
  mode?.done()
  const shards = properties.optionalNumber('ShardCount')
  const retentionHours = properties.optionalNumber('RetentionPeriodHours') ?? 24
  properties.optionalText('Name')
  properties.skip({
    StreamEncryption: 'the data folder is as safe as the disk it lies on',
    Tags: 'nobody reads them here',
  })
  properties.done()
  return {
    logicalId,
    name: resources.nameOf(logicalId),
    arn: resources.arnOf(logicalId),
    shards: onDemand ? undefined : (shards ?? 1),
    retentionHours,
  }
}

/** Reads AWS::SQS::Queue, as far as a destination for failed batches needs it. */
export function readQueue(properties: Properties, resources: Resources): QueueModel {
  const { logicalId } = properties
  properties.optionalText('QueueName')
  properties.skip({
    KmsMasterKeyId: 'the data folder is as safe as the disk it lies on',
    MessageRetentionPeriod: 'the local file is kept until somebody deletes it',
    SqsManagedSseEnabled: 'the data folder is as safe as the disk it lies on',
    Tags: 'nobody reads them here',
    VisibilityTimeout: 'nothing local receives from it',
  })
  properties.done()
  return { logicalId, name: resources.nameOf(logicalId), arn: resources.arnOf(logicalId) }
}
