import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, RunnerError } from '../errors.ts'
import { entriesOf } from './resources.ts'

/** The files that a cloud assembly would upload, by what the template calls them. */
export class Assets {
  readonly #folders: ReadonlyMap<string, string>

  /** @param folders absolute path by object key in the assets bucket */
  constructor(folders: ReadonlyMap<string, string>) {
    this.#folders = folders
  }

  /** The folder whose zip the template calls `s3Key`. */
  folderOf(s3Key: string): string | undefined {
    return this.#folders.get(s3Key)
  }
}

/** A stack as synthesis leaves it on disk. */
export interface Assembly {
  readonly stackName: string
  readonly template: Readonly<Record<string, unknown>>
  readonly assets: Assets
}

/**
 * Reads a cloud assembly's only stack.
 * https://docs.aws.amazon.com/cdk/v2/guide/build-containers.html names the folder; the shape is cloud-assembly-schema's.
 * @param dir the folder, `cdk.out`
 * @throws RunnerError where a file is missing or not what it should be
 */
export async function readAssembly(dir: string): Promise<Assembly> {
  const manifest = await readJson(join(dir, 'manifest.json'))
  const stacks = entriesOf(manifest.artifacts).filter(
    ([, artifact]) => field(artifact, 'type') === 'aws:cloudformation:stack',
  )
  const [only, ...more] = stacks
  if (only === undefined || more.length > 0)
    throw new RunnerError(`${dir} has ${stacks.length} stacks; the runner runs one`)

  const [id, artifact] = only
  const properties = field(artifact, 'properties')
  const templateFile = String(field(properties, 'templateFile'))
  const template = await readJson(join(dir, templateFile))
  const assets = await readJson(join(dir, `${id}.assets.json`))
  return {
    stackName: String(field(properties, 'stackName') ?? id),
    template,
    assets: new Assets(foldersByKey(dir, assets)),
  }
}

function foldersByKey(dir: string, assets: Readonly<Record<string, unknown>>): Map<string, string> {
  const folders = new Map<string, string>()
  for (const [, file] of entriesOf(assets.files)) {
    const path = field(field(file, 'source'), 'path')
    for (const [, destination] of entriesOf(field(file, 'destinations'))) {
      const key = field(destination, 'objectKey')
      if (typeof path === 'string' && typeof key === 'string') folders.set(key, join(dir, path))
    }
  }
  return folders
}

function field(value: unknown, name: string): unknown {
  return new Map(entriesOf(value)).get(name)
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'))
    return Object.fromEntries(entriesOf(parsed))
  } catch (cause) {
    throw new RunnerError(`Can't read ${path}: ${messageOf(cause)}`, { cause })
  }
}
