/** How much the runner says, from most to least. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Says whether a text names a log level. */
export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text)
}

/** Writes lines `time level source: message`; one for the runner, one for each part that speaks. */
export interface Log {
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
  error(message: string): void
  /** The same log under another source name. */
  for(source: string): Log
}

/**
 * Makes a log.
 * @param level what is less important than this is dropped
 * @param source what speaks, such as `stream` or a function's logical id
 * @param write takes each finished line, without its newline; stderr where absent, so that stdout stays for the banner
 */
export function createLog(
  level: LogLevel,
  source = 'runner',
  write: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Log {
  const least = LOG_LEVELS.indexOf(level)
  const at = (name: LogLevel) => (message: string) => {
    if (LOG_LEVELS.indexOf(name) >= least) {
      write(`${new Date().toISOString()} ${name.padEnd(5)} ${source}: ${message}`)
    }
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    for: (other) => createLog(level, other, write),
  }
}
