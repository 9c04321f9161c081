// npm run bench -- NAME [--json] [--data FILE] [--only TEXT]
import { parseArgs } from 'node:util'
import { jsonReport, type Report, tableReport } from './report.ts'

interface Bench {
  /**
   * @param options.data a file to measure with, where the benchmark takes one
   * @param options.only text in the names of the workloads wanted, where the benchmark takes long
   */
  run(
    report: Report,
    options: { readonly data?: string | undefined; readonly only?: string | undefined },
  ): Promise<void>
}

/** Each benchmark by name, loaded when asked for. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  cardinality: () => import('./cardinality.bench.ts'),
  codec: () => import('./codec.bench.ts'),
  ingest: () => import('./ingest.bench.ts'),
  kairos: () => import('./kairos.bench.ts'),
  lookups: () => import('./lookups.bench.ts'),
  query: () => import('./query.bench.ts'),
  series: () => import('./series.bench.ts'),
  units: () => import('./units.bench.ts'),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, data: { type: 'string' }, only: { type: 'string' } },
})
const [name = ''] = positionals
const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
if (load === undefined) {
  console.error(
    `usage: npm run bench -- NAME [--json] [--data FILE] [--only TEXT]\nNAME is one of ${Object.keys(BENCHES).join(', ')}`,
  )
  process.exitCode = 2
} else {
  const bench = await load()
  await bench.run(values.json ? jsonReport : tableReport(), { data: values.data, only: values.only })
}
