// The emulators for benchmarks that count a handler's CPU, in a process of their own so that theirs is not counted. Says on
// stdout where they listen, and ends when the parent closes stdin.
import { EmulatorClient } from '../local/emulators/client.ts'
import { startEmulator } from '../local/emulators/emulator.ts'
import { provideStream, provideTable } from '../local/emulators/provision.ts'
import { createLog } from '../local/log.ts'
import { BENCH_STREAM, BENCH_TABLES, type EmulatorEndpoints } from './emulators.ts'

const [dynamo, kinesis] = await Promise.all([startEmulator('dynamo'), startEmulator('kinesis')])
const tables = new EmulatorClient('dynamo', dynamo.endpoint)
for (const name of Object.values(BENCH_TABLES)) {
  await provideTable(tables, {
    logicalId: name,
    name,
    keys: [
      { name: 'pk', role: 'HASH', type: 'B' },
      { name: 'sk', role: 'RANGE', type: 'B' },
    ],
    ttlAttribute: 'ttl',
  })
}
const stream = { logicalId: BENCH_STREAM, name: BENCH_STREAM, arn: '', shards: 2, retentionHours: 24 }
await provideStream(new EmulatorClient('kinesis', kinesis.endpoint), stream, createLog('warn'))

const endpoints: EmulatorEndpoints = { dynamo: dynamo.endpoint, kinesis: kinesis.endpoint }
process.stdout.write(`${JSON.stringify(endpoints)}\n`)
process.stdin.resume().on('end', () => process.exit())
