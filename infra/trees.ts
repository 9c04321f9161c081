import { Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Construct } from 'constructs'
import type { StackConfig } from './config.ts'
import { TsdbFunction } from './function.ts'
import { PUT_ITEMS, READ_ITEMS, type Storage } from './storage.ts'

export interface TreesProps {
  readonly config: StackConfig
  readonly storage: Storage
}

/** Does what trees leave for later: series that came too many at once, and what emptied trees held. */
export class Trees extends Construct {
  readonly trees: TsdbFunction

  constructor(scope: Construct, id: string, props: TreesProps) {
    super(scope, id)
    const { config, storage } = props
    this.trees = new TsdbFunction(this, 'Trees', {
      config,
      storage,
      entry: 'trees',
      description: 'Puts series into trees that came too many at once, and deletes what emptied trees held',
      timeoutSeconds: 290,
      environment: { ...storage.names('data', 'uid', 'meta', 'tree'), ...storage.keys() },
      permissions: [
        // Names, and what people noted of them.
        { actions: READ_ITEMS, resources: storage.arns('uid') },
        { actions: ['dynamodb:BatchGetItem'], resources: storage.arns('meta') },
        { actions: [...READ_ITEMS, ...PUT_ITEMS], resources: storage.arns('tree') },
      ],
    })
    new Rule(this, 'Schedule', {
      description: 'Tends trees',
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new LambdaFunction(this.trees.lambda)],
    })
  }
}
