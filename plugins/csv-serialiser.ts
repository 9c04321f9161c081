import type { PluginFactory, Serialiser } from '../lib/plugin/types.ts'

/** Characters of a piece. */
const PIECE = 65_536

/** A serialiser, `?serializer=csv`: a line for each point, `metric,tags,time,value`, the time in milliseconds (RFC 4180). */
const csvSerialiser: PluginFactory<Serialiser> = () => ({
  name: 'csv',
  contentType: 'text/csv; charset=UTF-8',
  *serialise(answer) {
    let piece = 'metric,tags,time,value\r\n'
    for (const { metric, tags, points } of answer) {
      const pairs = Object.entries(tags).map(([tagk, tagv]) => `${tagk}=${tagv}`)
      // names hold no comma and no quote, but several tags need one
      const start = `${metric},${pairs.length > 1 ? `"${pairs.join(',')}"` : pairs.join('')},`
      for (const [time, value] of points) {
        piece += `${start}${time},${value}\r\n`
        if (piece.length < PIECE) continue
        yield piece
        piece = ''
      }
    }
    yield piece
  },
})
export default csvSerialiser
