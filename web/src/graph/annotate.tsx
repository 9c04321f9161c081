import { useState } from 'preact/hooks'
import { ApiError, ask } from '../api/client.ts'
import { type Annotation, annotationMs } from '../model/answer.ts'
import { dateText, formatInstant, instantOf } from '../model/time.ts'
import { Icon } from '../parts/icons.tsx'
import { Notice } from '../parts/notice.tsx'
import { ticks, zone } from '../store/page.ts'

interface AnnotateProps {
  /** Where was clicked, in milliseconds since 1970. */
  readonly at: number
  readonly annotations: readonly Annotation[]
  readonly pixelMs: number
  readonly onDone: () => void
}

const TIMES = '2026/11/22-05:00:00, 2h-ago, or seconds since 1970'

/** A click this near to an annotation is meant for it. */
const NEAR_PIXELS = 8

/** Notes something at a time, for all graphs; or shows what was noted there, and takes it away. */
export function Annotate({ at, annotations, pixelMs, onDone }: AnnotateProps) {
  const [error, setError] = useState<ApiError | undefined>()
  const near = annotations.filter(({ startTime }) => Math.abs(annotationMs(startTime) - at) <= NEAR_PIXELS * pixelMs)
  const second = Math.round(at / 1000)

  const change = async (work: Promise<unknown>) => {
    try {
      await work
      ticks.value++
      onDone()
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause
      setError(cause)
    }
  }
  return (
    <form
      class="annotate"
      onSubmit={(event) => {
        event.preventDefault()
        const form = new FormData(event.currentTarget)
        const description = String(form.get('description') ?? '').trim()
        const time = instantOf(String(form.get('time') ?? ''), zone.value, Date.now())
        if (time === undefined) return setError(new ApiError(400, 'This is no time', TIMES))
        if (description === '') return
        void change(ask('annotation', { body: { startTime: Math.round(time / 1000), description } }))
      }}
      onKeyDown={(event) => event.key === 'Escape' && onDone()}
    >
      {near.map((each) => (
        <p key={`${each.tsuid}${each.startTime}`} class="noted">
          <Icon name="note" />
          <time>{formatInstant(annotationMs(each.startTime), zone.value)}</time>
          <span>{each.description}</span>
          <button
            type="button"
            class="button quiet"
            aria-label={`Remove the note ${each.description}`}
            onClick={() => change(ask('annotation', { method: 'DELETE', query: idOf(each) }))}
          >
            <Icon name="trash" />
          </button>
        </p>
      ))}
      <label class="note-time">
        <Icon name="note" /> Note at
        <input name="time" type="text" title={TIMES} value={dateText(second * 1000, zone.value)} />
      </label>
      <label class="note-field">
        <span class="hidden">What happened</span>
        <input
          name="description"
          type="text"
          maxlength={500}
          placeholder="What happened?"
          ref={(input) => input?.focus()}
        />
      </label>
      <button type="submit" class="button primary">
        Save
      </button>
      <button type="button" class="button" onClick={onDone}>
        Cancel
      </button>
      {error && <Notice kind="error" title={error.message} text={error.details} />}
    </form>
  )
}

function idOf({ tsuid, startTime }: Annotation): Record<string, string | number> {
  return { start_time: startTime, ...(tsuid !== '' && { tsuid }) }
}
