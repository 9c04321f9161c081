import { PLUGINS } from '#plugins'
import { log } from '../log.ts'
import { count } from '../metrics.ts'

export { PLUGINS }

/** Notes that a plugin failed; what it was asked for goes on without it. */
export function pluginFailed(plugin: string, error: unknown): void {
  count('PluginFailures', 1)
  log('error', 'a plugin failed', {
    plugin,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
}
