import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { Access } from './access.ts'
import { Api } from './api.ts'
import type { StackConfig } from './config.ts'
import { Delete } from './delete.ts'
import { Devices } from './devices.ts'
import { Ingest } from './ingest.ts'
import { Observe } from './observe.ts'
import { Query } from './query.ts'
import { Seal } from './seal.ts'
import { Storage } from './storage.ts'
import { Trees } from './trees.ts'
import { Web } from './web.ts'

export interface TsdbStackProps extends StackProps {
  readonly config: StackConfig
}

/** The whole database. */
export class TsdbStack extends Stack {
  constructor(scope: Construct, id: string, props: TsdbStackProps) {
    super(scope, id, { description: "OpenTSDB's time series database, serverless", ...props })
    const { config } = props
    const storage = new Storage(this, 'Storage', { config })
    const ingest = new Ingest(this, 'Ingest', { config, storage })
    new Seal(this, 'Seal', { config, storage })
    new Trees(this, 'Trees', { config, storage })
    const query = new Query(this, 'Query', { config, storage, stream: ingest.stream })
    const deletion = new Delete(this, 'Delete', { config, storage })
    const devices = new Devices(this, 'Devices', { config, stream: ingest.stream })
    const access = new Access(this, 'Access', { config, storage })
    const api = new Api(this, 'Api', {
      config,
      authorizer: access.authorizer,
      put: ingest.put.lambda,
      query: query.query.lambda,
      kairosQuery: query.kairosQuery.lambda,
      delete: deletion.delete.lambda,
      meta: query.meta.lambda,
    })
    new Observe(this, 'Observe', {
      config,
      storage,
      stream: ingest.stream,
      api: api.api,
      failedBatches: ingest.failed,
      failedDevices: devices.failed,
    })

    this.#output('Url', 'Where collectors, Grafana and the tsdb command find the API', api.url)
    if (config.web) {
      const web = new Web(this, 'Web', { config, api: api.api })
      this.#output('WebUrl', 'Where people find the UI, with the API behind the same address', web.url)
    }
    this.#output('StreamName', 'Kinesis stream that points arrive on', ingest.stream.streamName)
    for (const [role, table] of Object.entries(storage.tables)) {
      this.#output(`${role.charAt(0).toUpperCase()}${role.slice(1)}Table`, `DynamoDB table, ${role}`, table.tableName)
    }
    this.#output('DeviceTopics', 'Begin topics with this for Basic Ingest', `$aws/rules/${devices.rule.ruleName}/`)
  }

  #output(id: string, description: string, value: string): void {
    new CfnOutput(this, id, { description, value })
  }
}
