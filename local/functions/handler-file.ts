import { RunnerError } from '../errors.ts'
import type { FunctionModel } from '../template/index.ts'
import { exists } from '../worker-file.ts'

/** In the order in which Lambda's runtime looks. */
const ENDINGS = ['.mjs', '.js', '.cjs']

/**
 * Finds the file of a handler such as `index.handler` in a function's bundle.
 * @throws RunnerError where there is none
 */
export async function handlerFile(model: FunctionModel): Promise<string> {
  const [file] = model.handler.split('.')
  for (const ending of ENDINGS) {
    const path = `${model.codeDir}/${file}${ending}`
    if (await exists(path)) return path
  }
  throw new RunnerError(`${model.codeDir} has no ${file} for the handler of ${model.logicalId}`)
}
