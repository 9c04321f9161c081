// The whole server for the query benchmark, in a process of its own as `npm start` is. Says on stdout where it and its tables
// are, and ends when the parent closes stdin.
import { startServer } from '../local/server.ts'
import type { RunningServer } from './query-server.ts'

const [dataDir] = process.argv.slice(2)
const server = await startServer({ port: 0, logLevel: 'warn', ...(dataDir !== undefined && { dataDir }) })
const { port, dynamoEndpoint, tables } = server
process.stdout.write(`${JSON.stringify({ pid: process.pid, port, dynamoEndpoint, tables } satisfies RunningServer)}\n`)
process.stdin.resume().on('end', () => void server.close().then(() => process.exit()))
