import { TsdbError } from '../model/errors.ts'
import { MAX_PATH_VERSION } from './version.ts'

/** When an endpoint of OpenTSDB's is asked for that is not built yet. */
export class EndpointNotBuiltYetError extends TsdbError {
  constructor(path: string) {
    super('notBuiltYet', 501, `The endpoint ${path} is not supported yet`, {
      details: 'docs/compatibility.md lists what is',
    })
  }
}

/** When a path asks for a version of the API above the greatest. */
export class ApiVersionError extends TsdbError {
  constructor(version: string) {
    super('http.apiVersion', 501, 'Requested API version is greater than the max implemented', {
      details: `API version [${version}] is greater than the max [${MAX_PATH_VERSION}]`,
    })
  }
}
