import type { PluginFactory, UidFilter } from '../lib/plugin/types.ts'
import { patternsOption } from './options.ts'

/**
 * A UID filter: new names need to match.
 * @param options metric, tagk, tagv: regular expressions, one or a list, of names that may come new; a kind without any takes all
 */
const uidWhitelist: PluginFactory<UidFilter> = (options) => {
  const patterns = {
    metric: patternsOption(options, 'metric'),
    tagk: patternsOption(options, 'tagk'),
    tagv: patternsOption(options, 'tagv'),
  }
  return {
    name: 'uid-whitelist',
    allows: (kind, name) => patterns[kind]?.some((pattern) => pattern.test(name)) ?? true,
  }
}
export default uidWhitelist
