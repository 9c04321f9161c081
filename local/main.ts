import { Command, InvalidArgumentError } from 'commander'
import { RunnerError } from './errors.ts'
import { isLogLevel, LOG_LEVELS, type LogLevel } from './log.ts'
import { type LocalServer, startServer } from './server.ts'

interface Options {
  readonly port: number
  readonly data: string
  readonly memory?: true
  readonly log: LogLevel
}

const program = new Command('npm start --')
  .description('Runs the whole database on this machine, from the synthesised template, on the loopback address')
  .option('--port <number>', 'port of the HTTP API; 0 takes any free one', parsePort, 4242)
  .option('--data <dir>', 'folder that keeps the data', '.tsdb')
  .option('--memory', 'keep the data in memory, gone at the end')
  .option('--log <level>', LOG_LEVELS.join(', '), parseLevel, 'warn')
  .allowExcessArguments(false)

await run(program.parse().opts<Options>())

async function run(options: Options): Promise<void> {
  const where = options.memory ? undefined : options.data
  try {
    const server = await startServer({
      port: options.port,
      logLevel: options.log,
      ...(where !== undefined && { dataDir: where }),
    })
    stopOnSignal(server)
    server.failed.catch(fail)
    process.stdout.write(banner(server, where))
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

function banner(server: LocalServer, dataDir: string | undefined): string {
  const { url } = server
  return `
  Listening on  ${url}
  Data in       ${dataDir ?? 'memory, gone when this stops'}

  Put a point:
    curl -i ${url}/api/put -H 'content-type: application/json' \\
      -d '{"metric":"sys.cpu.user","timestamp":'$(date +%s)',"value":42.5,"tags":{"host":"web01"}}'

  Read it:
    curl '${url}/api/query?start=1h-ago&m=avg:sys.cpu.user'

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
