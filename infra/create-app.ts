import { App } from 'aws-cdk-lib'
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' }
import { readConfig } from './config.ts'
import { TsdbStack } from './tsdb-stack.ts'

export interface CreateAppOptions {
  /**
   * Folder of the assembly.
   * @default - what the CDK command says
   */
  readonly outdir?: string
  /**
   * Context values, as by `-c`.
   * @default - what the CDK command says
   */
  readonly context?: Readonly<Record<string, unknown>>
  /**
   * Whether to have the template checked by CloudFormation's rules, which takes seconds.
   * @default true, unless CDK_VALIDATION says false
   */
  readonly validate?: boolean
}

/**
 * The CDK app. Its settings are here and not in cdk.json, so that the template is the same whoever asks for it: the CDK
 * command, the local runner or a test.
 * @throws InvalidContextError, UnknownContextError
 */
export function createApp(options: CreateAppOptions = {}): App {
  const app = new App({
    analyticsReporting: false,
    treeMetadata: false,
    ...(options.outdir !== undefined && { outdir: options.outdir }),
    ...(options.validate !== undefined && { builtinCloudFormationValidation: options.validate }),
    // The CDK's own advice to new apps, as of the version in the lock file; the snapshot test shows what a newer one changes.
    context: { ...recommendedFlags, ...options.context },
  })
  const config = readConfig(app.node)
  new TsdbStack(app, 'Tsdb', { config, stackName: config.name })
  return app
}
