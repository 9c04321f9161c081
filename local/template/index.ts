import { TemplateError } from '../errors.ts'
import { checkPolling } from '../iam/polling.ts'
import { readApi } from './api.ts'
import { type Assembly, readAssembly } from './assembly.ts'
import { readFunction, readMapping, readRule, readSchedule } from './functions.ts'
import { NO_LOCAL_MEANING } from './ignored.ts'
import { resolve } from './intrinsics.ts'
import type { LocalStack } from './model.ts'
import { Resources } from './resources.ts'
import { Roles } from './roles.ts'
import { readQueue, readStream, readTable } from './storage.ts'

export type * from './model.ts'

/** Types that the readers of this folder take care of. */
const RUN_LOCALLY: ReadonlySet<string> = new Set([
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Authorizer',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::ApiGatewayV2::Stage',
  'AWS::DynamoDB::Table',
  'AWS::Events::Rule',
  'AWS::Kinesis::Stream',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::SQS::Queue',
  'AWS::Scheduler::Schedule',
])

/** Parts of a template besides its resources, with what becomes of them. */
const SECTIONS: ReadonlySet<string> = new Set([
  'AWSTemplateFormatVersion',
  'Conditions',
  'Description',
  'Metadata',
  // Printed after a deployment; nothing in the stack depends on them.
  'Outputs',
  'Parameters',
  'Resources',
  // CDK's check of the bootstrap version in the account.
  'Rules',
])

/**
 * Reads what to run from a cloud assembly.
 * @param dir what synthesis wrote
 * @throws TemplateError naming what the runner does not know
 */
export async function readStack(dir: string): Promise<LocalStack> {
  return readTemplate(await readAssembly(dir))
}

/**
 * Reads what to run from a template.
 * @throws TemplateError naming what the runner does not know
 */
export function readTemplate({ stackName, template, assets }: Assembly): LocalStack {
  for (const section of Object.keys(template)) {
    if (!SECTIONS.has(section)) throw new TemplateError(section, 'Section', 'is not known to the local runner')
  }
  const resources = new Resources(stackName, template, (condition, scope, place) =>
    Boolean(resolve(condition, scope, place)),
  )

  const roles = new Roles(resources)
  const functions = resources
    .ofType('AWS::Lambda::Function')
    .map((each) => readFunction(each, resources, roles, assets))
  const ignored = []
  for (const { logicalId, type } of resources.all()) {
    if (RUN_LOCALLY.has(type) || roles.has(logicalId)) continue
    const reason = NO_LOCAL_MEANING[type]
    if (reason === undefined) throw new TemplateError(logicalId, type, 'the runner does not know this type of resource')
    ignored.push({ logicalId, type, reason })
  }
  const mappings = resources.ofType('AWS::Lambda::EventSourceMapping').map((each) => readMapping(each, resources))
  for (const mapping of mappings) checkPolling(mapping, functions)
  return {
    stackName,
    tables: resources.ofType('AWS::DynamoDB::Table').map((each) => readTable(each, resources)),
    streams: resources.ofType('AWS::Kinesis::Stream').map((each) => readStream(each, resources)),
    queues: resources.ofType('AWS::SQS::Queue').map((each) => readQueue(each, resources)),
    functions,
    mappings,
    schedules: [
      ...resources.ofType('AWS::Events::Rule').flatMap((each) => readRule(each, resources)),
      ...resources.ofType('AWS::Scheduler::Schedule').flatMap((each) => readSchedule(each, resources)),
    ],
    api: readApi(resources),
    ignored,
  }
}
