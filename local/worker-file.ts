import { createHash } from 'node:crypto'
import { access, mkdir, rename, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { CACHE_DIR, PROJECT_DIR } from './paths.ts'

const built = new Map<string, Promise<string>>()

/**
 * Makes a JavaScript file of a worker thread's TypeScript, once for each process. Threads start in a few milliseconds from
 * plain JavaScript; with a TypeScript loader in each they would take a fifth of a second of CPU.
 * @param source path below local/, such as `emulators/dynamo.worker.ts`
 * @returns absolute path of the JavaScript file
 */
export function workerFile(source: string): Promise<string> {
  const known = built.get(source)
  if (known !== undefined) return known
  const file = buildWorker(source)
  built.set(source, file)
  return file
}

async function buildWorker(source: string): Promise<string> {
  const result = await build({
    entryPoints: [`${PROJECT_DIR}local/${source}`],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    write: false,
  })
  const text = result.outputFiles.map((file) => file.text).join('\n')
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const name = source.replaceAll('/', '-').replace(/\.worker\.ts$/, '')
  const path = `${CACHE_DIR}/workers/${name}-${digest}.mjs`
  if (await exists(path)) return path
  await mkdir(`${CACHE_DIR}/workers`, { recursive: true })
  // Several processes may do this at once; a rename is whole or not there.
  const unfinished = `${path}.${process.pid}`
  await writeFile(unfinished, text)
  await rename(unfinished, path)
  return path
}

/** Whether there is something at a path. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
