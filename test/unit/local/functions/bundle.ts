import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'
import { FunctionPool } from '../../../../local/functions/pool.ts'
import { createLog } from '../../../../local/log.ts'
import type { FunctionModel } from '../../../../local/template/index.ts'

/** A function of a few lines, bundled as the infrastructure bundles the real ones, with the lines that it logged. */
export interface TinyFunction {
  readonly pool: FunctionPool
  readonly logged: string[]
}

/**
 * Bundles a handler's source and makes a pool for it; both are gone when the test is.
 * @param source TypeScript of a module that exports `handler`
 */
export async function tinyFunction(
  source: string,
  changes: Partial<FunctionModel> = {},
  options: {
    environment?: Record<string, string>
    mostInstances?: number
    kept?: 0 | 1
    idleMs?: number
    patienceMs?: number
  } = {},
): Promise<TinyFunction> {
  const codeDir = await mkdtemp(join(tmpdir(), 'tsdb-function-'))
  await build({
    stdin: { contents: source, loader: 'ts', resolveDir: codeDir },
    outfile: `${codeDir}/index.mjs`,
    bundle: true,
    platform: 'node',
    format: 'esm',
  })
  const model: FunctionModel = {
    logicalId: 'Tiny',
    name: 'tiny',
    arn: 'arn:aws:lambda:local:000000000000:function:tiny',
    codeDir,
    handler: 'index.handler',
    memoryMb: 128,
    timeoutMs: 5_000,
    environment: {},
    logLevel: undefined,
    role: { name: 'tiny-role', statements: [] },
    ...changes,
  }
  const logged: string[] = []
  const log = createLog('debug', 'tiny', (line) => {
    logged.push(line.slice('2025-11-22T05:45:00.000Z '.length))
  })
  const pool = new FunctionPool(model, options.environment ?? {}, log, options)
  onTestFinished(async () => {
    await pool.stop()
    await rm(codeDir, { recursive: true })
  })
  return { pool, logged }
}
