import { useState } from 'preact/hooks'
import { ApiError, ask } from '../api/client.ts'
import { type Annotation, annotationMs } from '../model/answer.ts'
import { formatInstant } from '../model/time.ts'
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
        const description = String(new FormData(event.currentTarget).get('description') ?? '').trim()
        if (description !== '') void change(ask('annotation', { body: { startTime: second, description } }))
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
      <label class="note-field">
        <Icon name="note" /> Note at {formatInstant(second * 1000, zone.value)}
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
