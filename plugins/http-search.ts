import type { PluginFactory, SearchPlugin } from '../lib/plugin/types.ts'
import { addressOption } from './options.ts'

/**
 * A search that another service answers: it is posted `{"type","query","limit","startIndex"}` and answers a list of results. Where it
 * answers 404 the store is searched.
 * @param options url: of the service
 */
const httpSearch: PluginFactory<SearchPlugin> = (options) => {
  const url = addressOption(options, 'url')
  return {
    name: 'http-search',
    async search(request) {
      const body = JSON.stringify(request)
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      if (answer.status === 404) return undefined
      const results: unknown = await answer.json()
      if (!answer.ok || !Array.isArray(results)) throw new Error(`${url} answered ${answer.status} and no list`)
      return results
    },
  }
}
export default httpSearch
