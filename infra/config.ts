import type { Node } from 'constructs'
import { MODES, type Mode } from '../lib/access/scopes.ts'
import { BadDeviceMappingError, parseDeviceMapping } from '../lib/ingest/device-mapping.ts'
import { DEFAULT_LIMITS, GREATEST_LIMITS, type Limits } from '../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS, type UidWidths } from '../lib/model/series.ts'
import {
  type AuthorizerConfig,
  type DomainConfig,
  noWebDomain,
  readAuthorizer,
  readDomain,
  readWeb,
} from './config-access.ts'
import { ContextReader, wholeNumber } from './context.ts'
import { InvalidContextError } from './errors.ts'
import { type PluginConfig, readPlugins } from './plugins.ts'

/** What the stack is built from: every context value, checked, in the unit its name or doc says. docs/deploy.md has the table. */
export interface StackConfig {
  /**
   * Name of the stack, and the beginning of every name in it: tables `tsdb`, `tsdb-uid` and so on.
   * @default tsdb
   */
  readonly name: string
  /**
   * Bytes of a UID by kind, fixed once the store holds data.
   * @default 3 metric, 3 tagk, 4 tagv
   */
  readonly uidWidth: UidWidths
  /**
   * Leading bytes that the rows of a metric are spread over.
   * @default 1
   */
  readonly saltBuckets: number
  /**
   * Shelves that the blocks of an hour are spread over in a new store.
   * @default 4
   */
  readonly shelves: number
  /**
   * Write units a second that the data table takes from the start.
   * @default - what DynamoDB gives a new table: 4000
   */
  readonly warmWriteUnits: number | undefined
  /**
   * Shards of the stream.
   * @default - on demand
   */
  readonly shards: number | undefined
  /**
   * Seconds that records gather before the consumer is called.
   * @default 5
   */
  readonly batchWindow: number
  /**
   * Seconds that a put with `?sync` waits for the acknowledgement. At most 26: with the last look for it, an answer
   * within the gateway's 30.
   * @default 20
   */
  readonly syncTimeout: number
  /**
   * Hours that the stream keeps a record.
   * @default 168, a week
   */
  readonly streamRetentionHours: number
  /**
   * Days until blocks expire; 0: sealing deletes them once their points are in rows.
   * @default 14
   */
  readonly blockRetentionDays: number
  /**
   * Days until rejects expire.
   * @default 30
   */
  readonly rejectRetentionDays: number
  /**
   * Days that logs are kept.
   * @default 30
   */
  readonly logRetentionDays: LogRetentionDays
  /**
   * The least level that functions log.
   * @default warn
   */
  readonly logLevel: LogLevel
  /**
   * Whether functions publish metrics of what they do; alarms and graphs that need them stay silent otherwise.
   * @default true
   */
  readonly metrics: boolean
  /**
   * Whether X-Ray traces calls of functions.
   * @default false
   */
  readonly tracing: boolean
  /**
   * ARN of the SNS topic that alarms are sent to.
   * @default none
   */
  readonly alarmTopic: string | undefined
  /**
   * Minutes for which a new version of a function gets a tenth of the calls before it gets all.
   * @default - a new version gets all calls at once
   */
  readonly canary: CanaryMinutes | undefined
  /**
   * Whether DELETE /api/query deletes points.
   * @default false
   */
  readonly allowDelete: boolean
  /**
   * What the API lets be done at all: everything, only reading, or only writing.
   * @default rw
   */
  readonly mode: Mode
  /**
   * What says who calls the API.
   * @default tokens
   */
  readonly authorizer: AuthorizerConfig
  /**
   * Limits that differ from the defaults.
   * @default {}
   */
  readonly limits: Partial<Limits>
  /**
   * MQTT topic filter that the IoT rule subscribes to.
   * @default tsdb/#
   */
  readonly deviceTopic: string
  /**
   * How device messages become points, as JSON (docs/devices.md).
   * @default - the consumer's own
   */
  readonly deviceMapping: string | undefined
  /**
   * Modules that have a say in what functions do (docs/plugins.md).
   * @default none
   */
  readonly plugins: readonly PluginConfig[]
  /**
   * Requests a second that the API takes in the long run, and at once; what is more the gateway answers 429.
   * @default 1000 and 2000
   */
  readonly throttle: { readonly rate: number; readonly burst: number }
  /**
   * Origins whose pages browsers let read answers; `*` for all.
   * @default none
   */
  readonly corsOrigins: readonly string[]
  /**
   * Whether the browser UI is deployed: a bucket behind CloudFront. It can't sign requests as IAM wants them.
   * @default - true, and false with authorizer=iam
   */
  readonly web: boolean
  /**
   * A domain of one's own for the browser UI.
   * @default - CloudFront's name
   */
  readonly webDomain: DomainConfig | undefined
  /**
   * A domain of one's own in front of the API.
   * @default - the API's own URL
   */
  readonly domain: DomainConfig | undefined
}

/** Every context key, in the order of docs/deploy.md. */
export const CONTEXT_KEYS = [
  'name',
  'uidWidth',
  'saltBuckets',
  'shelves',
  'warmWriteUnits',
  'shards',
  'batchWindow',
  'syncTimeout',
  'streamRetentionHours',
  'blockRetentionDays',
  'rejectRetentionDays',
  'logRetentionDays',
  'logLevel',
  'metrics',
  'tracing',
  'alarmTopic',
  'canary',
  'allowDelete',
  'mode',
  'authorizer',
  'jwtIssuer',
  'jwtAudience',
  'limits',
  'deviceTopic',
  'deviceMapping',
  'plugins',
  'requestRate',
  'requestBurst',
  'corsOrigins',
  'web',
  'webDomain',
  'webCertificateArn',
  'domain',
  'certificateArn',
] as const

type Context = ContextReader<(typeof CONTEXT_KEYS)[number]>

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** CodeDeploy's own canaries, but for the one of 5 minutes: the alarms that take a version back look at 5 minutes each. */
const CANARY_MINUTES = [10, 15, 30] as const
export type CanaryMinutes = (typeof CANARY_MINUTES)[number]

/** What CloudWatch Logs accepts as RetentionInDays, up to ten years. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const
export type LogRetentionDays = (typeof LOG_RETENTION_DAYS)[number]

/**
 * Reads the stack's configuration from CDK context.
 * @throws InvalidContextError naming the key, the value and the rule
 * @throws UnknownContextError for a key that is not known
 */
export function readConfig(node: Node): StackConfig {
  const context: Context = new ContextReader(node, CONTEXT_KEYS)
  const authorizer = readAuthorizer(context)
  const web = readWeb(context, authorizer)
  return {
    name: readName(context),
    uidWidth: readUidWidth(context),
    // Rows begin with the salt; 0xFE and 0xFF begin the ledger and the blocks, and some room is left for later kinds.
    saltBuckets: context.whole('saltBuckets', { least: 1, most: 240 }) ?? 1,
    // A shelf is two bytes of a block's key.
    shelves: context.whole('shelves', { least: 1, most: 65_536 }) ?? 4,
    warmWriteUnits: context.whole('warmWriteUnits', { least: 4000, most: 1_000_000 }),
    shards: context.whole('shards', { least: 1, most: 500 }),
    // Lambda's MaximumBatchingWindowInSeconds.
    batchWindow: context.whole('batchWindow', { least: 0, most: 300 }) ?? 5,
    // An HTTP API gives up after 30 s; the answer needs some of them.
    syncTimeout: context.whole('syncTimeout', { least: 1, most: 26 }) ?? 20,
    // Kinesis' bounds: a day to a year.
    streamRetentionHours: context.whole('streamRetentionHours', { least: 24, most: 8760 }) ?? 168,
    blockRetentionDays: readBlockRetention(context),
    rejectRetentionDays: context.whole('rejectRetentionDays', { least: 1, most: 3650 }) ?? 30,
    logRetentionDays: context.choice('logRetentionDays', LOG_RETENTION_DAYS) ?? 30,
    logLevel: context.choice('logLevel', LOG_LEVELS) ?? 'warn',
    metrics: context.choice('metrics', ['true', 'false']) !== 'false',
    tracing: context.choice('tracing', ['true', 'false']) === 'true',
    alarmTopic: context.text('alarmTopic', isTopicArn, "an SNS topic's ARN"),
    canary: context.choice('canary', CANARY_MINUTES),
    allowDelete: context.choice('allowDelete', ['true', 'false']) === 'true',
    mode: context.choice('mode', MODES) ?? 'rw',
    authorizer,
    limits: readLimits(context),
    deviceTopic: readDeviceTopic(context),
    deviceMapping: readDeviceMapping(context),
    plugins: readPlugins(context.object('plugins'), process.cwd()),
    // An account's own limits, unless raised: 10,000 a second, bursts of 5,000.
    throttle: {
      rate: context.whole('requestRate', { least: 1, most: 100_000 }) ?? 1000,
      burst: context.whole('requestBurst', { least: 1, most: 50_000 }) ?? 2000,
    },
    corsOrigins: readCorsOrigins(context),
    web,
    webDomain: web ? readDomain(context, 'webDomain', 'webCertificateArn', 'us-east-1') : noWebDomain(context),
    domain: readDomain(context, 'domain', 'certificateArn'),
  }
}

function isTopicArn(value: string): boolean {
  return /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/.test(value)
}

/** `*`, or origins with commas between them; in cdk.json also a list. */
function readCorsOrigins(context: Context): readonly string[] {
  const value = context.raw('corsOrigins')
  if (value === undefined) return []
  const origins = (Array.isArray(value) ? value : String(value).split(',')).map((origin) => String(origin).trim())
  const isOrigin = (origin: string) => /^https?:\/\/[A-Za-z0-9.-]+(:\d+)?$/.test(origin)
  if (!(origins.length === 1 && origins[0] === '*') && !origins.every(isOrigin)) {
    throw new InvalidContextError('corsOrigins', value, '* or origins such as https://grafana.example.com')
  }
  return origins
}

/** Blocks are the only copy of their points until they are sealed: there has to be time to mend what keeps them from it. */
const LEAST_BLOCK_RETENTION_DAYS = 3

function readBlockRetention(context: Context): number {
  const days = context.whole('blockRetentionDays', { least: 0, most: 3650 }) ?? 14
  if (days > 0 && days < LEAST_BLOCK_RETENTION_DAYS) {
    const rule = `0, or at least ${LEAST_BLOCK_RETENTION_DAYS}: an hour that can't be sealed raises an alarm after a day`
    throw new InvalidContextError('blockRetentionDays', days, rule)
  }
  return days
}

function readName(context: Context): string {
  const isName = (value: string) => /^[a-z][a-z0-9-]{2,39}$/.test(value)
  return context.text('name', isName, '3 to 40 lower-case letters, digits and hyphens, a letter first') ?? 'tsdb'
}

/** `3,3,4` for metric, tagk and tagv; in cdk.json also an object, where what is left out keeps its default. */
function readUidWidth(context: Context): UidWidths {
  const value = context.raw('uidWidth')
  if (value === undefined) return DEFAULT_UID_WIDTHS
  const given =
    typeof value === 'string' ? value.split(',') : Object.values({ ...DEFAULT_UID_WIDTHS, ...Object(value) })
  const [metric, tagk, tagv, ...more] = given.map(wholeNumber)
  if (!isUidWidth(metric) || !isUidWidth(tagk) || !isUidWidth(tagv) || more.length > 0) {
    throw new InvalidContextError('uidWidth', value, '3 or 4 bytes for each of metric, tagk and tagv, as in 3,3,4')
  }
  return { metric, tagk, tagv }
}

function isUidWidth(value: number | undefined): value is number {
  return value === 3 || value === 4
}

function readLimits(context: Context): Partial<Limits> {
  const given = context.object('limits') ?? {}
  for (const [limit, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, limit)) {
      throw new InvalidContextError(
        'limits',
        given,
        `an object of ${Object.keys(DEFAULT_LIMITS).join(', ')}; ${limit} is none`,
      )
    }
    const number = typeof value === 'number' ? wholeNumber(value) : undefined
    if (number === undefined || number < 1) {
      throw new InvalidContextError(
        'limits',
        given,
        `an object of whole numbers above 0; ${limit} is ${JSON.stringify(value)}`,
      )
    }
    const most = GREATEST_LIMITS.get(limit) ?? number
    if (number > most) throw new InvalidContextError('limits', given, `an object in which ${limit} is at most ${most}`)
  }
  return given
}

/** MQTT 3.1.1, 4.7: `+` stands for a whole level, `#` for the rest; IoT allows 256 bytes and 8 levels. */
function readDeviceTopic(context: Context): string {
  const isFilter = (value: string) => {
    const levels = value.split('/')
    const wildcardsStandAlone = levels.every((level) => level === '+' || level === '#' || !/[+#]/.test(level))
    const restIsLast = !levels.slice(0, -1).includes('#')
    // Quotes would end the text in the rule's SQL; `$` begins topics of AWS itself.
    return wildcardsStandAlone && restIsLast && levels.length <= 8 && /^[^$'"\\\s][^'"\\\s]{0,255}$/.test(value)
  }
  return (
    context.text(
      'deviceTopic',
      isFilter,
      'an MQTT topic filter of at most 8 levels, such as tsdb/# or plant/+/meter',
    ) ?? 'tsdb/#'
  )
}

/** A rule or an array of rules: as such in cdk.json, as JSON text with `-c`. */
function readDeviceMapping(context: Context): string | undefined {
  const value = context.raw('deviceMapping')
  if (value === undefined) return undefined
  const json = typeof value === 'string' ? value : JSON.stringify(value)
  try {
    parseDeviceMapping(json)
  } catch (error) {
    if (!(error instanceof BadDeviceMappingError)) throw error
    throw new InvalidContextError('deviceMapping', value, `as docs/devices.md says. ${error.message}`)
  }
  return json
}
