import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, SynthError } from './errors.ts'
import { CACHE_DIR, PROJECT_DIR } from './paths.ts'
import { exists } from './worker-file.ts'

/** What an assembly is made of; a change in any file makes another. */
const SOURCES = ['infra', 'functions', 'lib', 'cdk.json', 'package.json', 'package-lock.json']
/** Assemblies kept; older ones are deleted. */
const KEPT = 5

/**
 * Synthesises the stack, unless that was done before for the same sources and context.
 * @param context CDK context, over cdk.json's own
 * @returns the assembly's folder
 * @throws SynthError with what the app printed
 */
export async function synthesise(context: Readonly<Record<string, string>> = {}): Promise<string> {
  const settings = await readSettings()
  // What plugins import is not among the sources: with plugins every synthesis is a new one.
  const isNew = { ...settings, ...context }.plugins === undefined ? '' : `-${process.pid}-${Date.now()}`
  const dir = `${CACHE_DIR}/synth/${await digestOf(context)}${isNew}`
  if (await exists(dir)) {
    const now = new Date()
    // A copy or a read-only disk may not allow it, which only makes it look older than it is.
    await utimes(dir, now, now).catch(() => undefined)
    return dir
  }
  await mkdir(dirname(dir), { recursive: true })
  const unfinished = `${dir}.${process.pid}`
  await runApp(unfinished, { ...settings, ...context })
  await moveInto(unfinished, dir)
  await deleteOld(dirname(dir))
  return dir
}

async function digestOf(context: Readonly<Record<string, string>>): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(Object.entries(context).sort()))
  for (const source of SOURCES) {
    for (const path of await filesBelow(source)) hash.update(`\0${path}\0`).update(await readFile(PROJECT_DIR + path))
  }
  return hash.digest('hex').slice(0, 24)
}

async function filesBelow(path: string): Promise<string[]> {
  if (!(await stat(PROJECT_DIR + path)).isDirectory()) return [path]
  const entries = await readdir(PROJECT_DIR + path)
  const files = await Promise.all(entries.sort().map((entry) => filesBelow(`${path}/${entry}`)))
  return files.flat()
}

/** The context of cdk.json. */
async function readSettings(): Promise<Readonly<Record<string, unknown>>> {
  const { context }: { context?: Record<string, unknown> } = JSON.parse(
    await readFile(`${PROJECT_DIR}cdk.json`, 'utf8'),
  )
  return context ?? {}
}

/** Runs infra/app.ts as the CDK command does: https://docs.aws.amazon.com/cdk/v2/guide/apps.html */
async function runApp(outdir: string, context: Readonly<Record<string, unknown>>): Promise<void> {
  const app = spawn(process.execPath, ['--import', 'tsx', 'infra/app.ts'], {
    cwd: PROJECT_DIR,
    env: {
      ...process.env,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      // A check for what would not deploy; it takes longer than all the rest and nothing is deployed here.
      CDK_VALIDATION: 'false',
      NODE_OPTIONS: '',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed: Buffer[] = []
  app.stdout.on('data', (piece: Buffer) => printed.push(piece))
  app.stderr.on('data', (piece: Buffer) => printed.push(piece))
  const code = await new Promise<number | null>((resolve, reject) => {
    app.on('error', reject)
    app.on('close', resolve)
  })
  if (code !== 0) {
    throw new SynthError(`Can't synthesise the stack: ${Buffer.concat(printed).toString().trim() || `exit ${code}`}`)
  }
}

/** Another process may have been quicker with the same assembly; then its is as good. */
async function moveInto(unfinished: string, dir: string): Promise<void> {
  try {
    await rename(unfinished, dir)
  } catch (error) {
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
    await rm(unfinished, { recursive: true, force: true })
  }
}

async function deleteOld(folder: string): Promise<void> {
  const found = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name)
      // Somebody else may be deleting the same.
      const details = await stat(path).catch(() => undefined)
      return { path, usedAt: details?.mtimeMs ?? 0 }
    }),
  )
  const old = found.sort((a, b) => b.usedAt - a.usedAt).slice(KEPT)
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })))
}
