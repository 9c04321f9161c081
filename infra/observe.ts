import { Duration } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'

export interface ObserveProps {
  readonly consume: IFunction
  readonly seal: IFunction
  readonly trees: IFunction
  /** The name that functions publish metrics under: the data table's. */
  readonly service: string
  /** Batches that Lambda gave up. */
  readonly failedBatches: IQueue
  /** Device messages that did not reach the stream. */
  readonly failedDevices: IQueue
}

/** How far behind the consumer may fall: far more than a throttled table takes to catch up, far less than the stream keeps. */
const LAG = Duration.minutes(15)

/** Percent of a kind's UIDs; at this use of the last days there is time to think of what the names are. */
const UIDS_USED = 80

/** An alarm for each way in which points are late or lost. docs/deploy.md says for each what to look at. */
export class Observe extends Construct {
  constructor(scope: Construct, id: string, props: ObserveProps) {
    super(scope, id)
    this.#alarm(
      'Lag',
      'lag',
      'Points wait in the stream',
      LAG.toMilliseconds(),
      props.consume.metric('IteratorAge', WORST),
    )
    this.#alarm('Unsealed', 'unsealed', 'Hours are not sealed', 0, props.seal.metricErrors(SUM))
    this.#alarm('Trees', 'trees', 'Series wait to get into trees', 0, props.trees.metricErrors(SUM))
    this.#alarm('FailedBatches', 'failed-batches', 'Batches were given up', 0, queued(props.failedBatches))
    this.#alarm(
      'FailedDevices',
      'failed-devices',
      'Device messages did not reach the stream',
      0,
      queued(props.failedDevices),
    )
    const rejected = new Metric({
      namespace: 'tsdb',
      metricName: 'RejectedRecords',
      dimensionsMap: { service: props.service },
      ...SUM,
    })
    this.#alarm('Rejects', 'rejects', 'Records could not be stored', 0, rejected)
    const uidsUsed = new Metric({
      namespace: 'tsdb',
      metricName: 'UidsUsed',
      dimensionsMap: { service: props.service },
      ...WORST,
    })
    this.#alarm('Uids', 'uids', 'UIDs of a kind run short', UIDS_USED, uidsUsed)
  }

  #alarm(id: string, section: string, what: string, threshold: number, metric: IMetric): void {
    new Alarm(this, id, {
      alarmDescription: `${what}: docs/deploy.md#${section}`,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
  }
}

const SUM = { statistic: 'Sum', period: Duration.hours(1) }
const WORST = { statistic: 'Maximum', period: Duration.minutes(5) }

function queued(queue: IQueue): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible(WORST)
}
