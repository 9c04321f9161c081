import { afterAll, beforeAll } from 'vitest'
import { createTables } from '../helpers/dynamo.ts'
import { type DynamoDbLocal, startDynamoDbLocal } from '../helpers/dynamodb-local.ts'
import { everyContract } from './all.ts'

// Not part of `npm test`: needs Java. `npm run test:dynamodb-local` runs it; README.md in this folder says more.

let server: DynamoDbLocal
beforeAll(async () => {
  server = await startDynamoDbLocal()
})
afterAll(() => server.stop())

everyContract('DynamoDB Local', async () => {
  const database = await server.openDatabase()
  await createTables(database.endpoint)
  return database
})
