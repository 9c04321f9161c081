import { TemplateError } from '../errors.ts'
import type { FunctionModel, MappingModel } from '../template/model.ts'
import { Policy } from './policy.ts'

/**
 * What Lambda does with a stream in the name of the function that it calls.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html has the list, with what only enhanced fan-out takes.
 */
const POLLING = ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards']

/**
 * Looks whether the role of a mapping's function allows what Lambda needs of it. Here the runner polls, by its own right.
 * @throws TemplateError naming what is not allowed
 */
export function checkPolling(mapping: MappingModel, functions: readonly FunctionModel[]): void {
  const { logicalId, functionId, streamArn, onFailureQueueArn } = mapping
  const policy = new Policy(functions.find((each) => each.logicalId === functionId)?.role.statements ?? [])
  const needed: [action: string, resource: string][] = POLLING.map((action) => [`kinesis:${action}`, streamArn])
  if (onFailureQueueArn !== undefined) needed.push(['sqs:SendMessage', onFailureQueueArn])
  for (const [action, resource] of needed) {
    if (policy.allows(action, resource)) continue
    const problem = `calls ${functionId}, whose role does not allow ${action} on ${resource}`
    throw new TemplateError(logicalId, 'AWS::Lambda::EventSourceMapping', problem)
  }
}
