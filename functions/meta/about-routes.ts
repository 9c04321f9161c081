import { describeConfig } from '../../lib/meta/config.ts'
import { FILTER_DESCRIPTIONS } from '../../lib/meta/filter-descriptions.ts'
import { versionInfo, versionText } from '../../lib/meta/version.ts'
import { TsdbError } from '../../lib/model/errors.ts'
import { AGGREGATOR_NAMES } from '../../lib/query/aggregate/index.ts'
import { readConfig } from '../config.ts'
import { sharedStore } from '../store.ts'
import { json, type Routes, telling, text } from './route.ts'

const aggregators = telling(() => json(AGGREGATOR_NAMES))

/** Only the caches of the instance that answers: others look at the epoch of renames each minute. */
const dropCaches = telling(() => {
  sharedStore().uids.dropCaches()
  return json({ status: '200', message: 'Caches dropped' })
})

/** What the service says of itself. */
export const ABOUT_ROUTES: Routes = [
  ['/api/aggregators', aggregators],
  ['/api/config', telling(() => json(describeConfig(readConfig())))],
  ['/api/config/filters', telling(() => json(FILTER_DESCRIPTIONS))],
  ['/api/dropcaches', dropCaches],
  ['/api/version', telling(() => json(versionInfo()))],
  ['/aggregators', aggregators],
  ['/dropcaches', dropCaches],
  ['/logs', telling(() => noLogs())],
  ['/version', telling((request) => (request.query.has('json') ? json(versionInfo()) : text(versionText())))],
]

function noLogs(): never {
  throw new TsdbError('http.logs', 404, 'Logs are not kept here', {
    details: 'Each function has a log group of its own in CloudWatch Logs; locally they are on the terminal',
  })
}
