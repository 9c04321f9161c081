import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage, type ILocalBundling } from 'aws-cdk-lib'
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))

/** The files under functions/ that export a `handler`. */
export const ENTRIES = ['put', 'consume', 'seal', 'trees', 'query', 'delete', 'kairos-query', 'meta', 'authorize'] as const
export type Entry = (typeof ENTRIES)[number]

/**
 * A function's code: one ES module, `index.mjs`, with all that functions/<entry>.ts imports. It brings the AWS SDK along,
 * since the runtime's own changes without us. This is not NodejsFunction, because that starts npx and esbuild once for each
 * function: 6 s for four instead of less than 1.
 */
export function bundle(entry: Entry): AssetCode {
  return Code.fromAsset(join(PROJECT, 'functions'), {
    assetHashType: AssetHashType.OUTPUT,
    // The CDK tells bundles of one folder apart by their commands.
    bundling: { image: NO_IMAGE, command: [entry], local: new EsbuildBundling(entry) },
  })
}

/** The CDK asks for an image to fall back on. Nothing falls back here, so it is never fetched. */
const NO_IMAGE = DockerImage.fromRegistry('no-image-needed')

class EsbuildBundling implements ILocalBundling {
  readonly #entry: Entry

  constructor(entry: Entry) {
    this.#entry = entry
  }

  /** @throws esbuild's BuildFailure, its messages already on stderr */
  tryBundle(outputDir: string): boolean {
    const code = bundles().get(this.#entry)
    if (code === undefined) return false
    writeFileSync(join(outputDir, 'index.mjs'), code)
    return true
  }
}

let built: ReadonlyMap<string, Uint8Array> | undefined

/** All bundles by entry, made at the first call: together they take little longer than one, which is mostly the SDK's. */
function bundles(): ReadonlyMap<string, Uint8Array> {
  built ??= new Map(
    buildSync({
      absWorkingDir: PROJECT,
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
  return built
}
