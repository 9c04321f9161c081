import { Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnTopicRule } from 'aws-cdk-lib/aws-iot'
import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { StackConfig } from './config.ts'
import { failureQueue } from './failure-queue.ts'
import { policyOf } from './function.ts'

export interface DevicesProps {
  readonly config: StackConfig
  /** Where messages go. */
  readonly stream: IStream
}

/**
 * What devices say over MQTT, put on the stream: by Basic Ingest (`$aws/rules/<rule>/<topic>`, which costs no message
 * brokering) or by publishing to a topic that the filter matches.
 */
export class Devices extends Construct {
  readonly rule: CfnTopicRule
  /** Messages that could not be put on the stream, whole, with the reason. */
  readonly failed: Queue

  constructor(scope: Construct, id: string, props: DevicesProps) {
    super(scope, id)
    const { config, stream } = props
    this.failed = failureQueue(this, 'Failed')
    const role = new Role(this, 'Role', {
      // Only rules of this account may take the role on.
      assumedBy: new ServicePrincipal('iot.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      inlinePolicies: {
        Work: policyOf([
          { actions: ['kinesis:PutRecord'], resources: [stream.streamArn] },
          { actions: ['sqs:SendMessage'], resources: [this.failed.queueArn] },
        ]),
      },
    })
    this.rule = new CfnTopicRule(this, 'Rule', {
      // IoT takes letters, digits and underscores.
      ruleName: config.name.replaceAll('-', '_'),
      topicRulePayload: {
        description: 'Puts device messages on the stream of points',
        awsIotSqlVersion: '2016-03-23',
        sql: deviceSql(config.deviceTopic),
        ruleDisabled: config.mode === 'ro',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: IoT's own placeholder
        actions: [{ kinesis: { streamName: stream.streamName, partitionKey: '${newuuid()}', roleArn: role.roleArn } }],
        errorAction: { sqs: { queueUrl: this.failed.queueUrl, roleArn: role.roleArn, useBase64: false } },
      },
    })
    // The role must be ready to be taken on when the rule is made.
    this.rule.node.addDependency(role)
  }
}

/**
 * The rule's statement. The payload travels in base64 because IoT SQL would otherwise read and rewrite its numbers, and
 * 64-bit integers would lose their last digits. For Basic Ingest, `topic()` leaves `$aws/rules/<rule>/` out.
 * @param topicFilter an MQTT topic filter
 */
export function deviceSql(topicFilter: string): string {
  const columns = [
    "encode(*, 'base64') AS payload",
    'topic() AS topic',
    'clientid() AS clientId',
    'timestamp() AS time',
  ]
  return `SELECT ${columns.join(', ')} FROM '${topicFilter}'`
}
