import { Command, InvalidArgumentError } from 'commander'
import { NoTokensError, RunnerError } from './errors.ts'
import { LOOPBACK } from './gateway/gateway.ts'
import { isLogLevel, LOG_LEVELS, type LogLevel } from './log.ts'
import { type LocalServer, startServer } from './server.ts'

interface Options {
  readonly port: number
  readonly host: string
  readonly auth?: true
  readonly data: string
  readonly memory?: true
  readonly log: LogLevel
}

const program = new Command('npm start --')
  .description('Runs the whole database on this machine, from the synthesised template')
  .option('--port <number>', 'port of the HTTP API; 0 takes any free one', parsePort, 4242)
  .option('--host <address>', 'address to listen on; other machines reach some, which takes --auth', LOOPBACK)
  .option('--auth', 'ask for tokens, as in the cloud: tsdb token create makes them')
  .option('--data <dir>', 'folder that keeps the data', '.tsdb')
  .option('--memory', 'keep the data in memory, gone at the end')
  .option('--log <level>', LOG_LEVELS.join(', '), parseLevel, 'warn')
  .allowExcessArguments(false)

await run(program.parse().opts<Options>())

async function run(options: Options): Promise<void> {
  const where = options.memory ? undefined : options.data
  try {
    if (options.auth && options.memory) throw new NoTokensError()
    const server = await startServer({
      port: options.port,
      host: options.host,
      auth: options.auth === true,
      logLevel: options.log,
      ...(where !== undefined && { dataDir: where }),
    })
    stopOnSignal(server)
    server.failed.catch(fail)
    process.stdout.write(banner(server, where, options.auth === true))
  } catch (error) {
    fail(error)
  }
}

/** npm passes on a Ctrl-C that the terminal has sent to all its processes; the two come together. */
const ONE_KEYSTROKE_MS = 500

/** The first signal drains and ends; the second ends. */
function stopOnSignal(server: LocalServer): void {
  let first: number | undefined
  const onSignal = () => {
    const now = performance.now()
    if (first === undefined) {
      first = now
      process.stderr.write('Storing what was acknowledged; once more to stop at once\n')
      server.close().then(() => process.exit(0), fail)
    } else if (now - first > ONE_KEYSTROKE_MS) process.exit(130)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
}

/** A line for what a person can act on, a stack for what is a mistake of ours. */
function fail(error: unknown): void {
  const text = error instanceof RunnerError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

function banner(server: LocalServer, dataDir: string | undefined, auth: boolean): string {
  const { url } = server
  const signIn = auth ? '-u ":$TSDB_TOKEN" ' : ''
  const makeToken = `
  Make a token:
    export TSDB_TOKEN=$(npx tsdb token create --data ${dataDir} --scope put,query,admin me)
`
  return `
  Listening on  ${url}
  Data in       ${dataDir ?? 'memory, gone when this stops'}
${auth ? makeToken : ''}
  Put a point:
    curl -i ${signIn}${url}/api/put -H 'content-type: application/json' \\
      -d '{"metric":"sys.cpu.user","timestamp":'$(date +%s)',"value":42.5,"tags":{"host":"web01"}}'

  Read it:
    curl ${signIn}'${url}/api/query?start=1h-ago&m=avg:sys.cpu.user'

`
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return port
}

function parseLevel(text: string): LogLevel {
  if (!isLogLevel(text)) throw new InvalidArgumentError(`It must be one of ${LOG_LEVELS.join(', ')}.`)
  return text
}
