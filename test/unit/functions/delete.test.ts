import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { httpEvent, lambdaContext } from '../../helpers/http-event.ts'

test('deleting is forbidden unless the configuration allows it, before anything is read', async () => {
  // There is no store that it could ask.
  vi.stubEnv(ENV.tsdbTable, '')
  const { handler } = await import('../../../functions/delete.ts')
  const event = httpEvent({ method: 'DELETE', path: '/api/query?start=1h-ago&m=sum:x' })
  const result = (await handler(event, lambdaContext())) as APIGatewayProxyStructuredResultV2
  expect(result.statusCode).toBe(403)
  expect(result.body).toContain('allowDelete')
})
