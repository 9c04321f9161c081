// npm run bench -- NAME [--json]
import { parseArgs } from 'node:util'
import { jsonReport, type Report, tableReport } from './report.ts'

/** Each benchmark by name, loaded when asked for. */
const BENCHES: Readonly<Record<string, () => Promise<{ run(report: Report): Promise<void> }>>> = {
  ingest: () => import('./ingest.bench.ts'),
  series: () => import('./series.bench.ts'),
  units: () => import('./units.bench.ts'),
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } })
const [name = ''] = positionals
const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
if (load === undefined) {
  console.error(`usage: npm run bench -- NAME [--json]\nNAME is one of ${Object.keys(BENCHES).join(', ')}`)
  process.exitCode = 2
} else {
  const bench = await load()
  await bench.run(values.json ? jsonReport : tableReport())
}
