// npm run bench -- query [--json]
import { measureEngine } from './query-engine.ts'
import { measureServer } from './query-server.ts'
import type { Report } from './report.ts'

/** How fast queries are answered: points through decoding and the maths alone, and whole requests through the server. */
export async function run(report: Report): Promise<void> {
  measureEngine(report)
  await measureServer(report)
}
