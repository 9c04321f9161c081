/** What happened on all connections together since the start. */
export interface TelnetCounters {
  /** Connections that are open. */
  open: number
  connections: number
  /** Lines that asked for a point to be put. */
  puts: number
  commands: number
  unknown: number
  /** Lines that could not be read, by OpenTSDB's kinds. */
  invalidValues: number
  illegalArguments: number
  /** Points that were read, but not taken. */
  notTaken: number
  /** Answers to clients that don't read them. */
  dropped: number
}

/** Counters at the start. */
export function newTelnetCounters(): TelnetCounters {
  return {
    open: 0,
    connections: 0,
    puts: 0,
    commands: 0,
    unknown: 0,
    invalidValues: 0,
    illegalArguments: 0,
    notTaken: 0,
    dropped: 0,
  }
}

/** A counter as a figure: OpenTSDB's name where it has one. */
export interface TelnetFigure {
  readonly metric: string
  readonly value: number
  readonly type: string
}

/** The counters as figures. */
export function telnetFigures(counters: TelnetCounters): TelnetFigure[] {
  const figure = (metric: string, value: number, type: string): TelnetFigure => ({ metric, value, type })
  return [
    figure('tsd.connectionmgr.connections', counters.open, 'open'),
    figure('tsd.connectionmgr.connections', counters.connections, 'total'),
    figure('tsd.rpc.received', counters.puts, 'put'),
    figure('tsd.rpc.received', counters.commands, 'command'),
    figure('tsd.rpc.errors', counters.invalidValues, 'invalid_values'),
    figure('tsd.rpc.errors', counters.illegalArguments, 'illegal_arguments'),
    figure('tsd.rpc.errors', counters.notTaken, 'storage'),
    figure('tsd.rpc.errors', counters.unknown, 'unknown'),
    figure('tsd.rpc.answers_dropped', counters.dropped, 'telnet'),
  ]
}

/**
 * The counters as `stats` writes figures, a line each.
 * @param now milliseconds since 1970
 */
export function telnetStats(counters: TelnetCounters, now: number): string {
  const time = Math.floor(now / 1000)
  return telnetFigures(counters)
    .map(({ metric, value, type }) => `${metric} ${time} ${value} rpc=telnet type=${type}\n`)
    .join('')
}
