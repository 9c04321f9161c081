import { type LocalServer, type ServerOptions, startServer } from '../../local/server.ts'

/**
 * Starts the local server for a test: any port, in memory, quiet. The stack is synthesised once for all tests, as long as
 * its sources stay the same: local/synth.ts keeps the assembly.
 */
export function startTestServer(options: Partial<ServerOptions> = {}): Promise<LocalServer> {
  return startServer({ port: 0, logLevel: 'warn', ...options })
}
