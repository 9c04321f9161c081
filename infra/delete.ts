import { Construct } from 'constructs'
import { ENV } from '../functions/environment.ts'
import { apiEnvironment } from './api-environment.ts'
import type { StackConfig } from './config.ts'
import { TsdbFunction } from './function.ts'
import type { Storage } from './storage.ts'

export interface DeleteProps {
  readonly config: StackConfig
  readonly storage: Storage
}

/** Two cores' memory, as sealing has, which comes before deleting. */
const DELETE_MEMORY_MB = 3538

/** Deletes points: the one part of the API that can. */
export class Delete extends Construct {
  readonly delete: TsdbFunction

  constructor(scope: Construct, id: string, props: DeleteProps) {
    super(scope, id)
    const { config, storage } = props
    this.delete = new TsdbFunction(this, 'Delete', {
      config,
      storage,
      entry: 'delete',
      description: 'DELETE /api/query: seals and deletes points',
      memoryMb: DELETE_MEMORY_MB,
      timeoutSeconds: 29,
      environment: {
        ...storage.names('data', 'uid', 'meta'),
        ...storage.keys(),
        ...apiEnvironment(config),
        [ENV.allowDelete]: String(config.allowDelete),
      },
      permissions: [
        ...storage.readPoints(),
        // Where it is not allowed, not even its role allows it.
        ...(config.allowDelete
          ? [
              {
                actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
                resources: storage.arns('data'),
              },
            ]
          : []),
      ],
    })
  }
}
