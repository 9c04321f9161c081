import { createRequire } from 'node:module'
import { relative } from 'node:path'
import { Script } from 'node:vm'
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import * as dynamodb from '@aws-sdk/client-dynamodb'
import type { KinesisClientConfig } from '@aws-sdk/client-kinesis'
import * as kinesis from '@aws-sdk/client-kinesis'
import { build, type Plugin } from 'esbuild'
import { PROJECT_DIR } from '../../local/paths.ts'
import { type Break, breakIn } from './breaks.ts'
import { UNSIGNED } from './in-process.ts'

/** The functions whose handlers are run. */
export const ENTRIES = ['put', 'consume', 'seal', 'trees', 'query', 'delete', 'meta'] as const
export type Entry = (typeof ENTRIES)[number]

export type Handler = (event: unknown, context: unknown) => Promise<unknown>

/** What takes requests to the emulators; see in-process.ts. */
export interface Network {
  readonly dynamo: object
  readonly kinesis: object
}

/** What an instance takes for its machine. */
export interface Machine {
  readonly env: Readonly<Record<string, string>>
  /** Milliseconds since 1970 by its own clock. */
  readonly now: () => number
  /** 0 to below 1. */
  readonly random: () => number
  /** Resolves once so many milliseconds are over by its own count. */
  readonly sleep: (ms: number) => Promise<void>
  /** Called with each client that it opens, before its first request. */
  readonly onClient: (client: dynamodb.DynamoDBClient | kinesis.KinesisClient) => void
  /** What sends the requests of its clients. */
  readonly network: Network
}

type Loader = (...world: readonly unknown[]) => void

/** What a bundle finds under names that are otherwise the process's own. */
const WORLD = ['require', 'module', 'process', 'Date', 'Math', 'performance', 'setTimeout', 'console'] as const

/**
 * The real handlers, bundled once, to be started as often as need be: each instance has its own module state, as a new Lambda instance has,
 * its own clock, randomness and sleep, and AWS SDK clients that the run may add middleware to. Nothing of the code is changed.
 */
export class Handlers {
  readonly #loaders: ReadonlyMap<Entry, Loader>
  readonly #modules: ReadonlyMap<string, object>

  private constructor(loaders: ReadonlyMap<Entry, Loader>, modules: ReadonlyMap<string, object>) {
    this.#loaders = loaders
    this.#modules = modules
  }

  /** @param broken what is broken on purpose, to see whether it is found */
  static async bundle(broken?: Break): Promise<Handlers> {
    const { outputFiles, metafile } = await build({
      absWorkingDir: PROJECT_DIR,
      entryPoints: ENTRIES.map((entry) => `functions/${entry}.ts`),
      outdir: 'functions',
      write: false,
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'cjs',
      packages: 'external',
      metafile: true,
      logLevel: 'warning',
      plugins: broken === undefined ? [] : [breaking(broken)],
    })
    const loaders = new Map(
      outputFiles.map(({ path, text }) => {
        const entry = ENTRIES.find((each) => path.endsWith(`/${each}.js`)) ?? 'put'
        const script = new Script(`(function (${WORLD.join(', ')}) {${text}\n})`, { filename: `faults/${entry}.cjs` })
        // What a script evaluates to has no type.
        return [entry, script.runInThisContext() as Loader] as const
      }),
    )
    const names = new Set(Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path)))
    const modules = new Map<string, object>()
    for (const name of names) modules.set(name, await importForRequire(name))
    return new Handlers(loaders, modules)
  }

  /** Starts an instance of a function. */
  start(entry: Entry, machine: Machine): Handler {
    const module: { exports: { handler?: Handler } } = { exports: {} }
    let passedMs = 0
    const sleep = async (ms: number): Promise<void> => {
      passedMs += ms
      await machine.sleep(ms)
    }
    const overrides = this.#overrides(machine, sleep)
    const require = (name: string): object => overrides.get(name) ?? this.#modules.get(name) ?? missing(name)
    const world: Record<(typeof WORLD)[number], unknown> = {
      require,
      module,
      process: Object.create(process, { env: { value: machine.env } }),
      Date: dateAt(machine.now),
      Math: Object.create(Math, { random: { value: machine.random } }),
      performance: { now: () => passedMs },
      setTimeout: (run: () => void, ms: number) => {
        // Those that guard a call's time never come due: time is what sleeping makes of it.
        if (ms < GUARD_MS) void sleep(ms).then(run, () => {})
        return 0
      },
      console: SILENT,
    }
    this.#loaders.get(entry)?.(...WORLD.map((name) => world[name]))
    const { handler } = module.exports
    if (handler === undefined) throw new Error(`functions/${entry}.ts has no handler`)
    return handler
  }

  #overrides({ onClient, network, random }: Machine, sleep: (ms: number) => Promise<void>): Map<string, object> {
    class DynamoDBClient extends dynamodb.DynamoDBClient {
      constructor(config: DynamoDBClientConfig) {
        super({ ...config, ...LOCAL, requestHandler: network.dynamo })
        onClient(this)
      }
    }
    class KinesisClient extends kinesis.KinesisClient {
      constructor(config: KinesisClientConfig) {
        super({ ...config, ...LOCAL, requestHandler: network.kinesis })
        onClient(this)
      }
    }
    const randomBytes = (length: number) => Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)))
    const randomUUID = () => randomBytes(16).toString('hex')
    const instead = (name: string, own: object): [string, object] => [
      name,
      Object.create(this.#modules.get(name) ?? {}, Object.getOwnPropertyDescriptors(own)),
    ]
    return new Map([
      instead('@aws-sdk/client-dynamodb', { DynamoDBClient }),
      instead('@aws-sdk/client-kinesis', { KinesisClient }),
      instead('node:crypto', { randomBytes, randomUUID }),
      instead('node:timers/promises', {
        setTimeout: async (ms: number, value?: unknown) => {
          await sleep(ms)
          return value
        },
      }),
    ])
  }
}

/** Metrics would be printed. */
process.env.POWERTOOLS_METRICS_DISABLED = 'true'

const GUARD_MS = 30_000
/** How a client is set up that talks to an emulator. */
export const LOCAL = {
  region: 'local',
  endpoint: 'http://localhost',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  signer: UNSIGNED,
}
const SILENT = { debug() {}, info() {}, log() {}, warn() {}, error() {}, trace() {} }

/** A package as `require` would give it; some are ES modules, which Node 20 does not take by `require` without a warning. */
async function importForRequire(name: string): Promise<object> {
  const module: { default?: object } = await import(createRequire(import.meta.url).resolve(name))
  return module.default ?? module
}

function missing(name: string): never {
  throw new Error(`The bundle asks for ${name}, which esbuild did not list`)
}

/** The class Date with another clock. */
function dateAt(now: () => number): DateConstructor {
  return new Proxy(Date, {
    construct: (target, args) => (args.length === 0 ? new target(now()) : Reflect.construct(target, args)),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  })
}

/** Changes the text of a file as a break says. */
function breaking(broken: Break): Plugin {
  return {
    name: 'break',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) =>
        relative(PROJECT_DIR, path) === broken.file ? { contents: breakIn(broken), loader: 'ts' } : undefined,
      )
    },
  }
}
