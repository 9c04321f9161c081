// npm run bench -- ingest [--json]
import { measureHandlers } from './ingest-handlers.ts'
import { measureServer } from './ingest-server.ts'
import type { Report } from './report.ts'

/** How fast points go in: through the whole server, and through each handler alone. */
export async function run(report: Report): Promise<void> {
  await measureHandlers(report)
  await measureServer(report)
}
