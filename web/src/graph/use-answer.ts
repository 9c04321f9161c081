import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, ask, signIns } from '../api/client.ts'
import { newestOnly } from '../api/newest.ts'
import { type Answer, readAnswer } from '../model/answer.ts'
import { type Columns, columnsOf } from '../model/columns.ts'
import { earlierRequest, withEarlier } from '../model/compare.ts'
import type { Graph } from '../model/page.ts'
import { type QueryBody, requestFor, type Span, spanOf } from '../model/request.ts'
import { durationMs } from '../model/time.ts'
import { page, ticks, zone } from '../store/page.ts'

/** An answer, and all that it was the answer to. */
export interface Drawn {
  readonly answer: Answer
  readonly columns: Columns
  readonly span: Span
  readonly body: QueryBody
}

export interface Asked {
  /** The newest answer; one that is older stays until the next is there. */
  readonly drawn: Drawn | undefined
  readonly error: ApiError | undefined
  readonly busy: boolean
}

/** Time that changes may follow each other until the server is asked. */
const PAUSE_MS = 30

/**
 * Asks the server for a graph whenever what it shows changes, or the time has come.
 * @param pixels width of the graph; 0 while it is not known
 */
export function useAnswer(graph: Graph, pixels: number): Asked {
  const newest = useRef(newestOnly())
  const [asked, setAsked] = useState<Asked>({ drawn: undefined, error: undefined, busy: false })
  const { start, end, tz } = page.value
  const tick = ticks.value
  const signIn = signIns.value
  // A hundred pixels more or less ask for the same points.
  const width = Math.ceil(pixels / 100) * 100
  const key = JSON.stringify([
    graph.queries.map((query) => ({ ...query, axis: undefined })),
    graph.compare,
    start,
    end,
    tz,
    width,
    tick,
    signIn,
  ])

  useEffect(() => {
    if (pixels === 0) return
    const timer = setTimeout(async () => {
      const span = spanOf({ start, end, tz }, Date.now())
      if (typeof span === 'string') return setAsked({ drawn: undefined, error: new ApiError(400, span), busy: false })
      const body = requestFor(graph, span, width, zone.value)
      if (body === undefined) return setAsked({ drawn: undefined, error: undefined, busy: false })
      setAsked((before) => ({ ...before, busy: true }))
      try {
        const drawn = await newest.current(async (signal) => {
          const look = async (asked: QueryBody) =>
            readAnswer(
              await ask<Parameters<typeof readAnswer>[0]>('query', { query: { arrays: '' }, body: asked, signal }),
            )
          const ms = durationMs(graph.compare)
          const [later, earlier] = await Promise.all([
            look(body),
            ms === undefined ? undefined : look(earlierRequest(body, ms)),
          ])
          const answer =
            ms === undefined || earlier === undefined ? later : withEarlier(later, earlier, graph.compare, ms)
          await nextTask()
          const columns = columnsOf(answer.series)
          await nextTask()
          return { answer, columns, span, body }
        })
        if (drawn !== undefined) setAsked({ drawn, error: undefined, busy: false })
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        setAsked((before) => ({ drawn: error.status === 0 ? before.drawn : undefined, error, busy: false }))
      }
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [key, pixels === 0])

  return asked
}

/** Lets what the viewer does come in between two pieces of work. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
