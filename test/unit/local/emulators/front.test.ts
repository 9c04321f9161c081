import { once } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { frontEmulator } from '../../../../local/emulators/front.ts'

/** A server whose answers are up to the test, and who asks it. */
async function serve() {
  const responses: ServerResponse[] = []
  const server = createServer((whole, response) => whole.on('end', () => responses.push(response)))
  const stop = frontEmulator(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = () => {
    const asked = request({ port, host: '127.0.0.1', method: 'POST' })
    asked.on('error', () => undefined)
    asked.end('{}')
    return asked
  }
  const received = async (count: number): Promise<ServerResponse> => {
    while (responses.length < count) await sleep(1)
    return responses[count - 1] ?? expect.unreachable()
  }
  return { stop, ask, received }
}

test('stopping waits for a request whose client has gone away', async () => {
  const { stop, ask, received } = await serve()
  const asked = ask()
  const response = await received(1)
  asked.destroy()
  await once(response, 'close')
  const order: string[] = []
  const stopped = stop().then(() => order.push('stopped'))
  await sleep(20)
  order.push('done')
  response.end()
  await stopped
  expect(order).toEqual(['done', 'stopped'])
})

test('who waits for an answer gets it before the server stops, and who asks later gets none', async () => {
  const { stop, ask, received } = await serve()
  const answered = once(ask(), 'response')
  const response = await received(1)
  const stopped = stop()
  const later = ask()
  await new Promise((resolve) => later.on('close', resolve))
  response.end('{}')
  expect((await answered)[0]).toMatchObject({ statusCode: 200 })
  await stopped
})

test('a server that works on nothing stops at once', async () => {
  const { stop } = await serve()
  await stop()
})
