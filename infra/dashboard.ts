import { Duration } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { Dashboard, GraphWidget, type IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { Construct } from 'constructs'
import type { TsdbFunction } from './function.ts'
import { ownMetric, sumOf, tableThrottles, worstOf } from './observed-metrics.ts'
import type { Storage } from './storage.ts'

export interface DashboardProps {
  /** Of the deployment, and so of the dashboard. */
  readonly name: string
  readonly functions: readonly TsdbFunction[]
  readonly storage: Storage
  readonly stream: IStream
  readonly api: HttpApi
}

const MINUTE = Duration.minutes(1)
/** Of CloudWatch's 24 columns. */
const WIDTH = 8

/** A dashboard in the order of docs/operations.md: points on their way, requests, sealing, what throttles, what it costs. */
export function createDashboard(scope: Construct, id: string, props: DashboardProps): Dashboard {
  const { name, functions, storage, stream, api } = props
  const sum = (...names: string[]) => names.map((each) => ownMetric(name, each, sumOf(MINUTE)))
  const worst = (...names: string[]) => names.map((each) => ownMetric(name, each, worstOf(MINUTE)))
  const tables = Object.values(storage.tables)
  const consume = functions.filter(({ entry }) => entry === 'consume')
  const dashboard = new Dashboard(scope, id, { dashboardName: name, defaultInterval: Duration.hours(3) })
  const row = (...graphs: readonly (readonly [title: string, left: IMetric[], right?: IMetric[]])[]) =>
    dashboard.addWidgets(
      ...graphs.map(([title, left, right = []]) => new GraphWidget({ title, left, right, width: WIDTH })),
    )
  row(
    ['Points: accepted and stored', sum('PointsAccepted', 'PointsStored')],
    ['Points: refused, turned away, rejected', sum('PointsRefused', 'PointsTurnedAway', 'RejectedRecords')],
    [
      'From put to readable; age in the stream (ms)',
      [...worst('PutToReadable'), ...consume.map(({ lambda }) => lambda.metric('IteratorAge', worstOf(MINUTE)))],
    ],
  )
  row(
    [
      'Requests',
      [api.metricCount(sumOf(MINUTE))],
      [api.metricClientError(sumOf(MINUTE)), api.metricServerError(sumOf(MINUTE)), ...sum('SignInsRefused')],
    ],
    [
      'Time of requests (ms)',
      ['p50', 'p95', 'p99'].map((statistic) => api.metricLatency({ statistic, period: MINUTE, label: statistic })),
    ],
    ['Queried points and series', sum('QueriedPoints'), sum('QueriedSeries')],
  )
  row(
    ['Sealing: lag (ms)', worst('SealLag', 'SealLateLag'), worst('UnsealedHours')],
    ['Sealed rows and points; hours', sum('SealedRows', 'SealedPoints'), sum('SealedHours', 'SealedLateHours')],
    ['Sealed bytes: blocks and rows; UIDs used (%)', sum('SealedBlockBytes', 'SealedRowBytes'), worst('UidsUsed')],
  )
  row(
    [
      'Failures of functions, and of plugins',
      functions.map(({ lambda, entry }) => lambda.metricErrors({ ...sumOf(MINUTE), label: entry })),
      sum('PluginFailures'),
    ],
    [
      'Throttled: functions',
      functions.map(({ lambda, entry }) => lambda.metricThrottles({ ...sumOf(MINUTE), label: entry })),
    ],
    [
      'Throttled: stream, tables, and what was tried again',
      [
        stream.metricWriteProvisionedThroughputExceeded(sumOf(MINUTE)),
        ...tables.flatMap((table) => tableThrottles(table, MINUTE)),
      ],
      sum('StoreRetries', 'StreamRetries'),
    ],
  )
  row(
    ['Units of DynamoDB', sum('ReadUnits', 'WriteUnits'), sum('StoreRequests')],
    [
      'Caches: misses and hits',
      sum(
        'SeriesCacheMisses',
        'NameCacheMisses',
        'LayoutCacheMisses',
        'IndexCacheMisses',
        'BlockCacheMisses',
        'RowCacheMisses',
      ),
      sum('SeriesCacheHits', 'NameCacheHits', 'LayoutCacheHits', 'IndexCacheHits', 'BlockCacheHits', 'RowCacheHits'),
    ],
    [
      'Time of functions (ms, p99); cold starts',
      functions.map(({ lambda, entry }) => lambda.metricDuration({ statistic: 'p99', period: MINUTE, label: entry })),
      sum('ColdStarts'),
    ],
  )
  return dashboard
}
