import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { ENV } from '../functions/environment.ts'
import { bundle, type Entry } from './bundle.ts'
import type { StackConfig } from './config.ts'

/** A statement of a policy in the few words that this stack needs. */
export interface Permission {
  /** Each action by its full name; no wildcards. */
  readonly actions: readonly string[]
  /** ARNs. */
  readonly resources: readonly string[]
}

export interface TsdbFunctionProps {
  readonly config: StackConfig
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
  /** All that the function may do besides writing its own log. */
  readonly permissions: readonly Permission[]
}

/**
 * Requests leave much short-lived garbage, which V8's default of 16 MB makes it collect often: put and consume need 15 to 25 %
 * less CPU with this.
 */
const NODE_OPTIONS = '--max-semi-space-size=64'

/** A Lambda as this stack makes them: a bundle, a role and a log group of its own. */
export class TsdbFunction extends Construct {
  readonly lambda: LambdaFunction

  constructor(scope: Construct, id: string, props: TsdbFunctionProps) {
    super(scope, id)
    const { config, entry } = props
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/${config.name}/${entry}`,
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const writeLog: Permission = {
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }
    this.lambda = new LambdaFunction(this, 'Function', {
      code: bundle(entry, config.plugins),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMb ?? 1769,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: {
        ...props.environment,
        [ENV.logLevel]: config.logLevel,
        // The dimension of the metrics that functions publish.
        POWERTOOLS_SERVICE_NAME: config.name,
        NODE_OPTIONS,
      },
      // A role without AWSLambdaBasicExecutionRole, which may write every log of the account.
      role: new Role(this, 'Role', {
        assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
        inlinePolicies: { Work: policyOf([writeLog, ...props.permissions]) },
      }),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Start and report of every call would cost more than the call.
      systemLogLevelV2: SystemLogLevel.WARN,
      // The functions choose by TSDB_LOG_LEVEL themselves; what they print passes.
      applicationLogLevelV2: ApplicationLogLevel.INFO,
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
