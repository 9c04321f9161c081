import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage, type ILocalBundling } from 'aws-cdk-lib'
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))

/**
 * A function's code: one ES module with all that functions/<entry>.ts imports, the AWS SDK included, since the one that the
 * runtime brings changes without us. Not NodejsFunction, which starts npx for each function: four bundles took 6 s, here 1.
 * @param entry a file under functions/, without its ending; its export is found as `index.<export>`
 */
export function bundle(entry: string): AssetCode {
  return Code.fromAsset(`${PROJECT}functions`, {
    assetHashType: AssetHashType.OUTPUT,
    // The CDK tells bundles of one folder apart by their commands.
    bundling: { image: NO_IMAGE, command: [entry], local: new EsbuildBundling(entry) },
  })
}

/** The type wants an image to fall back on; there is no fall-back here, so its name only shows up if that changes. */
const NO_IMAGE = DockerImage.fromRegistry('no-docker-needed')

class EsbuildBundling implements ILocalBundling {
  readonly #entry: string

  constructor(entry: string) {
    this.#entry = entry
  }

  /** @throws esbuild's BuildFailure, its messages already on stderr */
  tryBundle(outputDir: string): boolean {
    buildSync({
      absWorkingDir: PROJECT,
      entryPoints: [`functions/${this.#entry}.ts`],
      outfile: `${outputDir}/index.mjs`,
      bundle: true,
      platform: 'node',
      // The oldest Node that runs the project locally, newer ones included.
      target: 'node20',
      format: 'esm',
      mainFields: ['module', 'main'],
      // Bundled CommonJS packages ask for `require`, which an ES module does not have.
      banner: {
        js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
      },
      legalComments: 'none',
      logLevel: 'warning',
    })
    return true
  }
}
