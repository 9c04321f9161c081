import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage, type ILocalBundling } from 'aws-cdk-lib'
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'
import { type PluginConfig, pluginsModule } from './plugins.ts'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))

/** The files under functions/ that export a `handler`. */
export const ENTRIES = [
  'put',
  'consume',
  'seal',
  'trees',
  'query',
  'delete',
  'kairos-query',
  'meta',
  'authorize',
] as const
export type Entry = (typeof ENTRIES)[number]

/**
 * A function's code: one ES module, `index.mjs`, with all that functions/<entry>.ts imports. It brings the AWS SDK along,
 * since the runtime's own changes without us. This is not NodejsFunction, because that starts npx and esbuild once for each
 * function: 6 s for four instead of less than 1.
 * @param plugins bundled with the functions that have a use for them
 */
export function bundle(entry: Entry, plugins: readonly PluginConfig[] = []): AssetCode {
  return Code.fromAsset(join(PROJECT, 'functions'), {
    assetHashType: AssetHashType.OUTPUT,
    // The CDK tells bundles of one folder apart by their commands.
    bundling: {
      image: NO_IMAGE,
      command: [entry, JSON.stringify(plugins)],
      local: new EsbuildBundling(entry, plugins),
    },
  })
}

/** The CDK asks for an image to fall back on. Nothing falls back here, so it is never fetched. */
const NO_IMAGE = DockerImage.fromRegistry('no-image-needed')

class EsbuildBundling implements ILocalBundling {
  readonly #entry: Entry
  readonly #plugins: readonly PluginConfig[]

  constructor(entry: Entry, plugins: readonly PluginConfig[]) {
    this.#entry = entry
    this.#plugins = plugins
  }

  /** @throws esbuild's BuildFailure, its messages already on stderr */
  tryBundle(outputDir: string): boolean {
    const code = bundles(this.#plugins).get(this.#entry)
    if (code === undefined) return false
    writeFileSync(join(outputDir, 'index.mjs'), code)
    return true
  }
}

/** Bundles that were made, by their plugins. */
const built = new Map<string, ReadonlyMap<string, Uint8Array>>()

/** All bundles by entry, made at the first call: together they take little longer than one, which is mostly the SDK's. */
function bundles(plugins: readonly PluginConfig[]): ReadonlyMap<string, Uint8Array> {
  const key = JSON.stringify(plugins)
  let made = built.get(key)
  if (made === undefined) {
    made = plugins.length === 0 ? build({}) : buildWith(plugins)
    built.set(key, made)
  }
  return made
}

/** Puts the module that names the plugins in the place of the one without any. */
function buildWith(plugins: readonly PluginConfig[]): ReadonlyMap<string, Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-plugins-'))
  try {
    const module = join(folder, 'plugins.ts')
    writeFileSync(module, pluginsModule(plugins))
    return build({ '#plugins': module })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function build(alias: Record<string, string>): ReadonlyMap<string, Uint8Array> {
  return new Map(
    buildSync({
      absWorkingDir: PROJECT,
      alias,
      nodePaths: [join(PROJECT, 'node_modules')],
      entryPoints: ENTRIES.map((entry) => `functions/${entry}.ts`),
      outdir: 'functions',
      write: false,
      bundle: true,
      platform: 'node',
      // The oldest Node that runs the bundles: that of the local runner.
      target: 'node20.19',
      format: 'esm',
      mainFields: ['module', 'main'],
      // Bundled CommonJS packages ask for `require`, which an ES module does not have.
      banner: {
        js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
      },
      legalComments: 'none',
      logLevel: 'warning',
    }).outputFiles.map((file) => [basename(file.path, '.js'), file.contents]),
  )
}
