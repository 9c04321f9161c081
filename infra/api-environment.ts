import { ENV } from '../functions/environment.ts'
import type { StackConfig } from './config.ts'

/** What every function behind the API is told of what it may take and do. */
export function apiEnvironment({ limits, mode, corsOrigins }: StackConfig): Record<string, string> {
  return {
    [ENV.limits]: JSON.stringify(limits),
    [ENV.mode]: mode,
    ...(corsOrigins.length > 0 && { [ENV.corsOrigins]: corsOrigins.join(',') }),
  }
}
