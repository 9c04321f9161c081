import { App } from 'aws-cdk-lib'
import { readConfig } from './config.ts'
import { TsdbStack } from './tsdb-stack.ts'

// Set here and not in cdk.json, so that the template is the same whoever runs this file: the CDK CLI, the local runner or a test.
const app = new App({ analyticsReporting: false, treeMetadata: false })
const config = readConfig(app.node)
new TsdbStack(app, 'Tsdb', { config, stackName: config.name })
