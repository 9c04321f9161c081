import { App } from 'aws-cdk-lib'
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' }
import { readConfig } from './config.ts'
import { TsdbStack } from './tsdb-stack.ts'

/**
 * The CDK app. Its settings are here and not in cdk.json, so that the template is the same whoever asks for it: the CDK
 * command, the local runner or a test.
 * @param options.outdir folder of the assembly; by default what the CDK command says
 * @param options.context context values, as by `-c`
 * @throws InvalidContextError, UnknownContextError
 */
export function createApp(options: { outdir?: string; context?: Readonly<Record<string, unknown>> } = {}): App {
  const app = new App({
    analyticsReporting: false,
    treeMetadata: false,
    ...(options.outdir !== undefined && { outdir: options.outdir }),
    // The CDK's own advice to new apps, as of the version in the lock file; the snapshot test shows what a newer one changes.
    context: { ...recommendedFlags, ...options.context },
  })
  const config = readConfig(app.node)
  new TsdbStack(app, 'Tsdb', { config, stackName: config.name })
  return app
}
