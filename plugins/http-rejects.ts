import type { PluginFactory, RejectHandler } from '../lib/plugin/types.ts'
import { addressOption } from './options.ts'

/**
 * A storage exception handler that posts `{"arrival","shard","sequence","reason","record"}`, the record in base64.
 * @param options url: where to
 */
const httpRejects: PluginFactory<RejectHandler> = (options) => {
  const url = addressOption(options, 'url')
  return {
    name: 'http-rejects',
    async handle({ arrivalMs, shard, sequence, reason, bytes }) {
      const record = Buffer.from(bytes).toString('base64')
      const body = JSON.stringify({ arrival: arrivalMs, shard, sequence: String(sequence), reason, record })
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
    },
  }
}
export default httpRejects
