import { Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Construct } from 'constructs'
import { ENV } from '../functions/environment.ts'
import type { StackConfig } from './config.ts'
import { TsdbFunction } from './function.ts'
import { PUT_ITEMS, READ_ITEMS, type Storage } from './storage.ts'

export interface SealProps {
  readonly config: StackConfig
  readonly storage: Storage
}

/** Two cores' memory; sealing holds 8 million points at once, 200 MB, and the rows that it makes of them. */
const SEAL_MEMORY_MB = 3538

/** Turns the blocks of hours that are over into rows. */
export class Seal extends Construct {
  readonly seal: TsdbFunction

  constructor(scope: Construct, id: string, props: SealProps) {
    super(scope, id)
    const { config, storage } = props
    this.seal = new TsdbFunction(this, 'Seal', {
      config,
      storage,
      entry: 'seal',
      description: 'Turns the blocks of hours that are over into rows',
      memoryMb: SEAL_MEMORY_MB,
      // Lambda's most: a large hour that has been begun should end.
      timeoutSeconds: 900,
      environment: {
        ...storage.names('data', 'uid', 'meta'),
        ...storage.keys(),
        [ENV.blockTtlDays]: String(config.blockRetentionDays),
      },
      permissions: [
        // The widths, which keys are made by.
        { actions: ['dynamodb:GetItem'], resources: storage.arns('uid') },
        {
          actions: [
            ...READ_ITEMS,
            'dynamodb:PutItem',
            'dynamodb:UpdateItem',
            'dynamodb:DeleteItem',
            // Many blocks at once, where they don't expire by themselves.
            ...(config.blockRetentionDays === 0 ? ['dynamodb:BatchWriteItem'] : []),
          ],
          resources: storage.arns('data'),
        },
        // The series log moves to the postings.
        { actions: ['dynamodb:GetItem', 'dynamodb:Query', ...PUT_ITEMS], resources: storage.arns('meta') },
      ],
    })
    new Rule(this, 'Schedule', {
      description: 'Seals what is due',
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new LambdaFunction(this.seal.lambda)],
    })
  }
}
