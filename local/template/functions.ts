import type { Assets } from './assembly.ts'
import type { FunctionModel, MappingModel, ScheduleModel } from './model.ts'
import type { Properties } from './properties.ts'
import type { Resources } from './resources.ts'
import type { Roles } from './roles.ts'

/** Reads AWS::Lambda::Function. */
export function readFunction(
  properties: Properties,
  resources: Resources,
  roles: Roles,
  assets: Assets,
): FunctionModel {
  const { logicalId } = properties
  const runtime = properties.text('Runtime')
  if (!runtime.startsWith('nodejs')) throw properties.wrong('Runtime', `is ${runtime}; the runner has Node.js only`)

  const code = properties.object('Code')
  const codeDir = assets.folderOf(code.text('S3Key'))
  if (codeDir === undefined) throw code.wrong('S3Key', 'is not an asset of this assembly')
  code.skip({ S3Bucket: 'assets are read from the assembly' })
  code.done()

  const logging = properties.optionalObject('LoggingConfig')
  const logLevel = logging?.optionalText('ApplicationLogLevel')?.toLowerCase()
  logging?.skip({
    LogFormat: 'the runner’s log has a format of its own',
    LogGroup: 'functions log to the runner’s own log',
    SystemLogLevel: 'the platform’s own lines are the runner’s',
  })
  logging?.done()

  const environment = properties.optionalObject('Environment')
  const { NODE_OPTIONS: nodeOptions = '', ...variables } = environment?.textMap('Variables') ?? {}
  checkNodeOptions(nodeOptions, properties)
  environment?.done()

  properties.optionalText('FunctionName')
  const model: FunctionModel = {
    logicalId,
    name: resources.nameOf(logicalId),
    arn: resources.arnOf(logicalId),
    codeDir,
    handler: properties.text('Handler'),
    memoryMb: properties.optionalNumber('MemorySize') ?? 128,
    timeoutMs: (properties.optionalNumber('Timeout') ?? 3) * 1000,
    environment: variables,
    logLevel,
    role: roles.of(properties),
  }
  properties.skip({
    Architectures: 'bundles are JavaScript',
    Description: 'for people',
    ReservedConcurrentExecutions: 'the local pool is smaller than any reservation',
    Tags: 'nobody reads them here',
    TracingConfig: 'there is no X-Ray',
  })
  properties.done()
  return model
}

/**
 * Holds NODE_OPTIONS to what may be left out here: the size of V8's semi-spaces. In Lambda a function has its memory for itself. Here a dozen
 * share a machine, and each would take 128 MB for young objects in the end, however little it does: V8's own 16 MB cost 5 to 9 % of
 * an import's speed.
 */
function checkNodeOptions(text: string, properties: Properties): void {
  for (const option of text.split(' ').filter((word) => word !== '')) {
    if (/^--max-semi-space-size=\d+$/.test(option)) continue
    throw properties.wrong('Environment', `has NODE_OPTIONS with ${option}, unknown here`)
  }
}

/** Reads AWS::Lambda::EventSourceMapping of a Kinesis stream. */
export function readMapping(properties: Properties, resources: Resources): MappingModel {
  const { logicalId } = properties
  const streamArn = properties.text('EventSourceArn')
  if (resources.find('AWS::Kinesis::Stream', streamArn) === undefined) {
    throw properties.wrong('EventSourceArn', `is ${streamArn}, which is no stream of this template`)
  }
  if ((properties.optionalNumber('ParallelizationFactor') ?? 1) !== 1) {
    throw properties.wrong('ParallelizationFactor', 'is not 1, which is all the runner does')
  }
  const start = properties.text('StartingPosition')
  // The stream is made together with the mapping here, so that its latest position is also its first.
  if (start !== 'TRIM_HORIZON' && start !== 'LATEST') throw properties.wrong('StartingPosition', `is ${start}`)
  if (properties.value('Enabled') !== undefined && !properties.flag('Enabled')) {
    throw properties.wrong('Enabled', 'is false; leave the mapping out instead')
  }
  const responses = properties.texts('FunctionResponseTypes')
  const unknownResponse = responses.find((type) => type !== 'ReportBatchItemFailures')
  if (unknownResponse !== undefined)
    throw properties.wrong('FunctionResponseTypes', `has ${unknownResponse}, which is not known`)

  const destinations = properties.optionalObject('DestinationConfig')
  const onFailure = destinations?.optionalObject('OnFailure')
  const onFailureQueueArn = onFailure?.text('Destination')
  onFailure?.done()
  destinations?.done()
  if (onFailureQueueArn !== undefined && resources.find('AWS::SQS::Queue', onFailureQueueArn) === undefined) {
    throw properties.wrong('DestinationConfig', `has ${onFailureQueueArn}, which is no queue of this template`)
  }

  const model: MappingModel = {
    logicalId,
    functionId: functionOf(properties, 'FunctionName', resources),
    streamArn,
    batchSize: properties.optionalNumber('BatchSize') ?? 100,
    windowSeconds: properties.optionalNumber('MaximumBatchingWindowInSeconds') ?? 0,
    bisectOnError: properties.flag('BisectBatchOnFunctionError'),
    reportItemFailures: responses.length > 0,
    maxRetries: properties.optionalNumber('MaximumRetryAttempts') ?? -1,
    maxRecordAgeSeconds: properties.optionalNumber('MaximumRecordAgeInSeconds') ?? -1,
    onFailureQueueArn,
  }
  properties.skip({ Tags: 'nobody reads them here' })
  properties.done()
  return model
}

/** Reads AWS::Events::Rule with a schedule. */
export function readRule(properties: Properties, resources: Resources): ScheduleModel[] {
  const expression = properties.text('ScheduleExpression')
  const enabled = (properties.optionalText('State') ?? 'ENABLED') === 'ENABLED'
  const targets = properties.objects('Targets').map((target): ScheduleModel => {
    const functionId = functionOf(target, 'Arn', resources)
    const input = target.optionalText('Input')
    target.text('Id')
    target.skip({ RetryPolicy: 'a schedule that fails is tried again at its next time' })
    target.done()
    return { logicalId: properties.logicalId, functionId, expression, input: parseInput(target, input) }
  })
  properties.optionalText('Name')
  properties.skip({ Description: 'for people' })
  properties.done()
  return enabled ? targets : []
}

/** Reads AWS::Scheduler::Schedule. */
export function readSchedule(properties: Properties, resources: Resources): ScheduleModel[] {
  const expression = properties.text('ScheduleExpression')
  const zone = properties.optionalText('ScheduleExpressionTimezone') ?? 'UTC'
  if (zone !== 'UTC') throw properties.wrong('ScheduleExpressionTimezone', `is ${zone}; the runner has UTC only`)
  const enabled = (properties.optionalText('State') ?? 'ENABLED') === 'ENABLED'
  const target = properties.object('Target')
  const functionId = functionOf(target, 'Arn', resources)
  const input = parseInput(target, target.optionalText('Input'))
  target.skip({
    RetryPolicy: 'a schedule that fails is tried again at its next time',
    RoleArn: 'the runner calls the function by itself',
  })
  target.done()
  properties.optionalText('Name')
  properties.skip({
    Description: 'for people',
    FlexibleTimeWindow: 'on time is within every window',
    GroupName: 'nobody reads it here',
  })
  properties.done()
  return enabled ? [{ logicalId: properties.logicalId, functionId, expression, input }] : []
}

/**
 * The logical id of the function that a property names by name or ARN.
 * @throws TemplateError where it is none of this template's
 */
export function functionOf(properties: Properties, property: string, resources: Resources): string {
  const identifier = properties.text(property)
  const logicalId = resources.find('AWS::Lambda::Function', identifier)
  if (logicalId === undefined)
    throw properties.wrong(property, `is ${identifier}, which is no function of this template`)
  return logicalId
}

function parseInput(properties: Properties, text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw properties.wrong('Input', 'is not JSON')
  }
}
