import type { PluginFactory, WriteFilter } from '../lib/plugin/types.ts'
import { patternsOption } from './options.ts'

/**
 * A write filter by the metric's name.
 * @param options allow, deny: regular expressions, one or a list; what matches none of `allow`, or one of `deny`, is not stored
 */
const metricFilter: PluginFactory<WriteFilter> = (options) => {
  const allow = patternsOption(options, 'allow')
  const deny = patternsOption(options, 'deny') ?? []
  const verdicts = new Map<string, boolean>()
  return {
    name: 'metric-filter',
    allows({ metric }) {
      let verdict = verdicts.get(metric)
      if (verdict === undefined) {
        const matches = (pattern: RegExp) => pattern.test(metric)
        verdict = (allow === undefined || allow.some(matches)) && !deny.some(matches)
        if (verdicts.size > 100_000) verdicts.clear()
        verdicts.set(metric, verdict)
      }
      return verdict
    },
  }
}
export default metricFilter
