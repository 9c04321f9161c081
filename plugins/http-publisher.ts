import type { PluginFactory, Publisher } from '../lib/plugin/types.ts'
import { addressOption } from './options.ts'

/** A request's points at most. */
const POINTS = 10_000

/**
 * A real-time publisher that posts points as a JSON list of `{"metric","timestamp","value","tags"}`, times in milliseconds, integers
 * that a double can't hold and texts as texts.
 * @param options url: where to
 */
const httpPublisher: PluginFactory<Publisher> = (options) => {
  const url = addressOption(options, 'url')
  const post = async (points: readonly object[]): Promise<void> => {
    const body = JSON.stringify(points)
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  }
  return {
    name: 'http-publisher',
    async publish(points) {
      let waiting: object[] = []
      for (const { metric, time, value, tags } of points) {
        const shown = typeof value === 'bigint' ? String(value) : value
        waiting.push({ metric, timestamp: time, value: shown, tags: Object.fromEntries(tags) })
        if (waiting.length < POINTS) continue
        await post(waiting)
        waiting = []
      }
      if (waiting.length > 0) await post(waiting)
    },
  }
}
export default httpPublisher
