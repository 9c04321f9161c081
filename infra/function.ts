import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Alarm, type IAlarm, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { type ILambdaDeploymentConfig, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  type Alias,
  ApplicationLogLevel,
  Architecture,
  type IFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { ENV } from '../functions/environment.ts'
import { bundle, type Entry } from './bundle.ts'
import type { CanaryMinutes, StackConfig } from './config.ts'
import type { Storage } from './storage.ts'

/** A statement of a policy in the few words that this stack needs. */
export interface Permission {
  /** Each action by its full name; no wildcards. */
  readonly actions: readonly string[]
  /** ARNs. */
  readonly resources: readonly string[]
}

export interface TsdbFunctionProps {
  readonly config: StackConfig
  /** Where it adds up what it counts. */
  readonly storage: Pick<Storage, 'counters'>
  /** The file under functions/, without its ending. */
  readonly entry: Entry
  readonly description: string
  /**
   * Megabytes. CPU comes with it: 1769 MB is one core.
   * @default 1769
   */
  readonly memoryMb?: number
  /** Seconds after which a call is ended. */
  readonly timeoutSeconds: number
  /** Names out of functions/environment.ts. */
  readonly environment: Readonly<Record<string, string>>
  /** All that the function may do besides writing its own log and counting. */
  readonly permissions: readonly Permission[]
}

/**
 * Requests leave much short-lived garbage, which V8's default of 16 MB makes it collect often: put and consume need 15 to 25 %
 * less CPU with this.
 */
const NODE_OPTIONS = '--max-semi-space-size=64'

const CANARIES: Readonly<Record<CanaryMinutes, ILambdaDeploymentConfig>> = {
  10: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
  15: LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
  30: LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES,
}

/** A Lambda as this stack makes them: a bundle, a role and a log group of its own. */
export class TsdbFunction extends Construct {
  readonly entry: Entry
  /** What to call: the function, or the alias that shifts calls to a new version of it little by little. */
  readonly lambda: IFunction
  readonly #deployment: LambdaDeploymentGroup | undefined

  constructor(scope: Construct, id: string, props: TsdbFunctionProps) {
    super(scope, id)
    const { config, entry, storage } = props
    this.entry = entry
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/${config.name}/${entry}`,
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const writeLog: Permission = {
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }
    const addCounts: Permission = { actions: ['dynamodb:UpdateItem'], resources: [storage.counters.tableArn] }
    const made = new LambdaFunction(this, 'Function', {
      code: bundle(entry, config.plugins),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMb ?? 1769,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: {
        ...props.environment,
        [ENV.countersTable]: storage.counters.tableName,
        [ENV.functionName]: entry,
        [ENV.logLevel]: config.logLevel,
        // The dimension of the metrics that functions publish.
        POWERTOOLS_SERVICE_NAME: config.name,
        ...(!config.metrics && { POWERTOOLS_METRICS_DISABLED: 'true' }),
        NODE_OPTIONS,
      },
      // A role without AWSLambdaBasicExecutionRole, which may write every log of the account.
      role: new Role(this, 'Role', {
        assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
        inlinePolicies: { Work: policyOf([writeLog, addCounts, ...props.permissions]) },
      }),
      ...(config.tracing && { tracing: Tracing.ACTIVE }),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Start and report of every call would cost more than the call.
      systemLogLevelV2: SystemLogLevel.WARN,
      // The functions choose by TSDB_LOG_LEVEL themselves; what they print passes.
      applicationLogLevelV2: ApplicationLogLevel.INFO,
    })
    if (config.canary === undefined) this.lambda = made
    else {
      const alias = made.addAlias('live')
      this.#deployment = this.#shift(alias, config.canary)
      // An alias is a function to the CDK; its types differ in what may be undefined.
      this.lambda = alias as IFunction
    }
  }

  /** Has a deployment that is under way taken back when an alarm goes off; without a canary there is none. */
  rollBackOn(alarm: IAlarm): void {
    this.#deployment?.addAlarm(alarm)
  }

  /** A tenth of the calls go to a new version for so many minutes, and then all; at the first failure all go back. */
  #shift(alias: Alias, minutes: CanaryMinutes): LambdaDeploymentGroup {
    const failures = new Alarm(this, 'NewVersionFails', {
      alarmDescription: `The function ${this.entry} fails: docs/operations.md#alarm-newversionfails`,
      metric: alias.metricErrors({ statistic: 'Sum', period: Duration.minutes(1) }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    return new LambdaDeploymentGroup(this, 'Deployment', {
      alias,
      deploymentConfig: CANARIES[minutes],
      alarms: [failures],
    })
  }
}

/** An IAM policy that allows exactly what the permissions say. */
export function policyOf(permissions: readonly Permission[]): PolicyDocument {
  return new PolicyDocument({
    statements: permissions.map(
      ({ actions, resources }) => new PolicyStatement({ actions: [...actions], resources: [...resources] }),
    ),
  })
}
