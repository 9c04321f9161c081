import { MODES, type Mode } from '../lib/access/scopes.ts'
import { BadConfigurationError } from '../lib/model/errors.ts'
import { DEFAULT_LIMITS, GREATEST_LIMITS, type Limits } from '../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS, type UidWidths } from '../lib/model/series.ts'
import { ENV, requireEnv } from './environment.ts'

/** What the environment of a function says, parsed and checked. Names that only some functions need are read when asked. */
export interface Config {
  readonly limits: Limits
  readonly uidWidths: UidWidths
  readonly saltBuckets: number
  /** Shelves that a new store starts with. */
  readonly shelves: number
  /** Days until blocks expire; 0: not by themselves, sealing deletes them once their points are in rows. */
  readonly blockTtlDays: number
  /** Days. */
  readonly rejectTtlDays: number
  /** Milliseconds that put waits at most for the acknowledgement of ?sync. */
  readonly syncTimeoutMs: number
  /** Whether DELETE /api/query deletes points. */
  readonly allowDelete: boolean
  readonly mode: Mode
  /** Origins whose pages browsers may ask for; `*`: all. */
  readonly corsOrigins: readonly string[]
  /** The JSON text of the device mapping, '' where none is set. */
  readonly deviceMapping: string
  readonly logLevel: LogLevel
  /** What the function is called: put, consume ... */
  readonly functionName: string
  /** Table names; each but `tree` and `counters` throws an error that names its variable where it is not set. */
  readonly tables: {
    readonly data: string
    readonly uid: string
    readonly meta: string
    /** undefined in functions that have nothing to do with trees. */
    readonly tree: string | undefined
    /** undefined where nothing is added up. */
    readonly counters: string | undefined
  }
  /** Throws where it is not set. */
  readonly streamName: string
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

let cached: Config | undefined

/**
 * Reads the configuration from the environment, once per instance.
 * @throws BadConfigurationError naming the variable and what it should hold
 */
export function readConfig(): Config {
  cached ??= parseConfig(process.env)
  return cached
}

/** Turns environment variables into a Config; see readConfig. Apart from it so that a test can give its own. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return {
    limits: parseLimits(env[ENV.limits]),
    uidWidths: parseWidths(env[ENV.uidWidths]),
    saltBuckets: wholeNumber(env, ENV.saltBuckets, 1, 1),
    shelves: wholeNumber(env, ENV.shelves, 4, 1),
    blockTtlDays: wholeNumber(env, ENV.blockTtlDays, 14, 0),
    rejectTtlDays: wholeNumber(env, ENV.rejectTtlDays, 30, 0),
    syncTimeoutMs: wholeNumber(env, ENV.syncTimeoutMs, 20_000, 1),
    allowDelete: env[ENV.allowDelete] === 'true',
    mode: parseMode(env[ENV.mode]),
    corsOrigins: (env[ENV.corsOrigins] ?? '').split(',').filter((origin) => origin !== ''),
    deviceMapping: env[ENV.deviceMapping] ?? '',
    logLevel: parseLogLevel(env[ENV.logLevel]),
    functionName: env[ENV.functionName] ?? 'unnamed',
    tables: {
      get data() {
        return requireEnv(ENV.tsdbTable)
      },
      get uid() {
        return requireEnv(ENV.uidTable)
      },
      get meta() {
        return requireEnv(ENV.metaTable)
      },
      get tree() {
        return process.env[ENV.treeTable]
      },
      get counters() {
        return process.env[ENV.countersTable]
      },
    },
    get streamName() {
      return requireEnv(ENV.streamName)
    },
  }
}

/** @param text a JSON object of some fields of Limits, each a whole number above 0 */
function parseLimits(text: string | undefined): Limits {
  if (text === undefined || text === '') return DEFAULT_LIMITS
  const wrong = (why: string, cause?: unknown): never => {
    throw new BadConfigurationError(ENV.limits, text, why, cause)
  }
  let overrides: unknown
  try {
    overrides = JSON.parse(text)
  } catch (cause) {
    return wrong('must be a JSON object', cause)
  }
  if (typeof overrides !== 'object' || overrides === null || Array.isArray(overrides)) {
    return wrong('must be a JSON object')
  }
  for (const [name, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) wrong(`${name} is none of ${Object.keys(DEFAULT_LIMITS).join(', ')}`)
    if (!Number.isSafeInteger(value) || value <= 0) wrong(`${name} must be a whole number above 0`)
    const most = GREATEST_LIMITS.get(name) ?? value
    if (value > most) wrong(`${name} must be at most ${most}`)
  }
  return { ...DEFAULT_LIMITS, ...overrides }
}

/** @param text `metric,tagk,tagv` in bytes */
function parseWidths(text: string | undefined): UidWidths {
  if (text === undefined || text === '') return DEFAULT_UID_WIDTHS
  const [metric, tagk, tagv, ...more] = text.split(',').map(Number)
  const valid = (width: number | undefined): width is number => width === 3 || width === 4
  if (!valid(metric) || !valid(tagk) || !valid(tagv) || more.length > 0) {
    throw new BadConfigurationError(ENV.uidWidths, text, 'must be three widths of 3 or 4 bytes like 3,3,4')
  }
  return { metric, tagk, tagv }
}

function parseMode(text: string | undefined): Mode {
  if (text === undefined || text === '') return 'rw'
  const mode = MODES.find((known) => known === text)
  if (mode === undefined) throw new BadConfigurationError(ENV.mode, text, `must be one of ${MODES.join(', ')}`)
  return mode
}

function parseLogLevel(text: string | undefined): LogLevel {
  if (text === undefined || text === '') return 'warn'
  const level = LOG_LEVELS.find((known) => known === text)
  if (level === undefined)
    throw new BadConfigurationError(ENV.logLevel, text, `must be one of ${LOG_LEVELS.join(', ')}`)
  return level
}

function wholeNumber(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  otherwise: number,
  atLeast: number,
): number {
  const text = env[name]
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < atLeast) {
    throw new BadConfigurationError(name, text, `must be a whole number of at least ${atLeast}`)
  }
  return value
}
