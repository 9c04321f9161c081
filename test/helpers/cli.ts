import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { main } from '../../cli/main.ts'

/** What a command left behind. */
export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs the `tsdb` command in this process.
 * @param args the words after `tsdb`
 * @param given what it finds on standard input and in its environment
 */
export async function runTsdb(
  args: readonly string[],
  given: { stdin?: string | Uint8Array; env?: Record<string, string> } = {},
): Promise<Ran> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const said = Promise.all([text(stdout), text(stderr)])
  const stdin = Readable.from([Buffer.from(given.stdin ?? '')], { objectMode: false })
  const status = await main(args, { stdin, stdout, stderr, env: given.env ?? {} })
  stdout.end()
  stderr.end()
  const [out, err] = await said
  return { status, stdout: out, stderr: err }
}

/** A request as an HTTP server got it, its body unpacked. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A real HTTP server that keeps what it receives and answers what it is told. */
export interface AnsweringServer {
  readonly url: string
  readonly received: Received[]
  close(): Promise<void>
}

/** @param answer given each request and how many came before it; 'hang up' breaks the connection off */
export async function startAnswering(
  answer: (
    request: Received,
    before: number,
  ) => { status: number; body?: string; headers?: Record<string, string> } | 'hang up',
): Promise<AnsweringServer> {
  const received: Received[] = []
  const server = createServer(async (incoming, response) => {
    const packed = incoming.headers['content-encoding'] === 'gzip'
    const body = await text(packed ? incoming.pipe(createGunzip()) : incoming)
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body }
    const said = answer(request, received.push(request) - 1)
    if (said === 'hang up') incoming.socket.destroy()
    else response.writeHead(said.status, said.headers).end(said.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
