import { Duration, Stack } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { StackConfig } from './config.ts'
import { createDashboard } from './dashboard.ts'
import { TsdbFunction } from './function.ts'
import { ownMetric, sumOf, tableThrottles, worstOf } from './observed-metrics.ts'
import type { Storage } from './storage.ts'

export interface ObserveProps {
  readonly config: StackConfig
  readonly storage: Storage
  readonly stream: IStream
  readonly api: HttpApi
  /** Batches that Lambda gave up. */
  readonly failedBatches: IQueue
  /** Device messages that did not reach the stream. */
  readonly failedDevices: IQueue
}

/** How far behind the consumer may fall: far more than a throttled table takes to catch up, far less than the stream keeps. */
const LAG_MS = 15 * 60_000
/** What put to readable may take on average for a while; the batch window, 5 s by default, is most of it. */
const READABLE_MS = 60_000
/** Hours are due minutes after their end; one that waits longer than this has been left by many runs. */
const SEAL_LAG_MS = 2 * 3_600_000
/** Failures of a few minutes that clients' own retries cover. */
const FEW = 5
/** Percent of a kind's UIDs; at this use of the last days there is time to think of what the names are. */
const UIDS_USED = 80

const FIVE_MINUTES = Duration.minutes(5)
const HOUR = Duration.hours(1)

interface AlarmOptions {
  /** What is wrong, as a sentence. */
  readonly what: string
  readonly metric: IMetric
  /** It goes off above this. */
  readonly above: number
  /** For so many periods in a row. @default 1 */
  readonly periods?: number
}

/** What can be seen of a deployment from outside: a dashboard, and an alarm for each way in which points are late, lost or refused. */
export class Observe extends Construct {
  readonly #topic: ITopic | undefined

  constructor(scope: Construct, id: string, props: ObserveProps) {
    super(scope, id)
    const { config, storage, stream, api } = props
    const { alarmTopic, name } = config
    this.#topic = alarmTopic === undefined ? undefined : Topic.fromTopicArn(this, 'Topic', alarmTopic)
    const functions = functionsOf(this)
    const [consume, seal, trees] = ['consume', 'seal', 'trees'].map((entry) => functionOf(functions, entry).lambda)
    // What runs on a schedule has alarms of its own, and comes again by itself.
    const asked = functions.filter(({ entry }) => entry !== 'seal' && entry !== 'trees')

    this.#alarm('Lag', {
      what: 'Points wait in the stream',
      metric: consume!.metric('IteratorAge', worstOf(FIVE_MINUTES)),
      above: LAG_MS,
    })
    this.#alarm('Readable', {
      what: 'Points are readable late',
      metric: ownMetric(name, 'PutToReadable', { statistic: 'Average', period: FIVE_MINUTES }),
      above: READABLE_MS,
      periods: 3,
    })
    this.#alarm('Unsealed', { what: 'Hours are not sealed', metric: seal!.metricErrors(sumOf(HOUR)), above: 0 })
    this.#alarm('SealLag', {
      what: 'Sealing is behind',
      metric: ownMetric(name, 'SealLag', worstOf(FIVE_MINUTES)),
      above: SEAL_LAG_MS,
      periods: 3,
    })
    this.#alarm('Trees', {
      what: 'Series wait to get into trees',
      metric: trees!.metricErrors(sumOf(HOUR)),
      above: 0,
    })
    this.#alarm('Errors', {
      what: 'Functions fail',
      metric: total(asked.map(({ lambda }) => lambda.metricErrors(sumOf(FIVE_MINUTES)))),
      above: FEW,
    })
    const failing = this.#alarm('Failing', {
      what: 'Requests fail',
      metric: api.metricServerError(sumOf(FIVE_MINUTES)),
      above: FEW,
    })
    this.#alarm('FunctionThrottles', {
      what: 'Functions are throttled',
      metric: total(asked.map(({ lambda }) => lambda.metricThrottles(sumOf(FIVE_MINUTES)))),
      above: FEW,
    })
    this.#alarm('StreamThrottles', {
      what: 'The stream is throttled',
      metric: stream.metricWriteProvisionedThroughputExceeded(sumOf(FIVE_MINUTES)),
      above: 0,
      periods: 3,
    })
    this.#alarm('TableThrottles', {
      what: 'Tables are throttled',
      metric: total(Object.values(storage.tables).flatMap((table) => tableThrottles(table, FIVE_MINUTES))),
      above: 0,
      periods: 3,
    })
    this.#alarm('FailedBatches', { what: 'Batches were given up', metric: queued(props.failedBatches), above: 0 })
    this.#alarm('FailedDevices', {
      what: 'Device messages did not reach the stream',
      metric: queued(props.failedDevices),
      above: 0,
    })
    this.#alarm('Rejects', {
      what: 'Records could not be stored',
      metric: ownMetric(name, 'RejectedRecords', sumOf(HOUR)),
      above: 0,
    })
    this.#alarm('Uids', {
      what: 'UIDs of a kind run short',
      metric: ownMetric(name, 'UidsUsed', worstOf(FIVE_MINUTES)),
      above: UIDS_USED,
    })
    // What a new version answers wrongly is no failure to Lambda.
    for (const each of asked) each.rollBackOn(failing)
    createDashboard(this, 'Dashboard', { name, functions, storage, stream, api })
  }

  #alarm(id: string, { what, metric, above, periods = 1 }: AlarmOptions): Alarm {
    const alarm = new Alarm(this, id, {
      alarmDescription: `${what}: docs/operations.md#alarm-${id.toLowerCase()}`,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    if (this.#topic !== undefined) alarm.addAlarmAction(new SnsAction(this.#topic))
    return alarm
  }
}

/** Every function of the stack that this is in. */
function functionsOf(scope: Construct): TsdbFunction[] {
  return Stack.of(scope)
    .node.findAll()
    .filter((each): each is TsdbFunction => each instanceof TsdbFunction)
}

function functionOf(functions: readonly TsdbFunction[], entry: string): TsdbFunction {
  const found = functions.find((each) => each.entry === entry)
  if (found === undefined) throw new Error(`BUG: there is no function ${entry} to watch`)
  return found
}

/** At most ten metrics: an alarm takes no more. */
function total(metrics: readonly IMetric[]): IMetric {
  const names = metrics.map((_, i) => `m${i}`)
  return new MathExpression({
    expression: names.join('+'),
    usingMetrics: Object.fromEntries(metrics.map((metric, i) => [`m${i}`, metric])),
    period: FIVE_MINUTES,
  })
}

function queued(queue: IQueue): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible(worstOf(FIVE_MINUTES))
}
