import { useEffect, useState } from 'preact/hooks'
import { ApiError, ask, signIns } from '../api/client.ts'
import { formatInstant } from '../model/time.ts'
import { formatValue } from '../model/units.ts'
import { Notice } from '../parts/notice.tsx'
import { zone } from '../store/page.ts'

/** A record that could not be stored, as /api/stats/rejects lists it. */
interface Reject {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly size: number
  readonly reason: string
}

/**
 * The newest rejects with their reasons.
 * @param count how many were counted: another number, and there may be new ones
 */
export function Rejects({ count }: { count: number }) {
  const [rejects, setRejects] = useState<readonly Reject[] | undefined>()
  const [error, setError] = useState<ApiError | undefined>()
  useEffect(() => {
    ask<readonly Reject[]>('stats/rejects').then(
      (found) => {
        setRejects(found)
        setError(undefined)
      },
      (cause: unknown) => {
        if (!(cause instanceof ApiError)) throw cause
        setError(cause)
      },
    )
  }, [signIns.value, count])
  return (
    <section class="card">
      <h1>Rejects</h1>
      {error && <Notice kind="error" title={error.message} text={error.details} />}
      {rejects?.length === 0 && <p class="faint">None in the last 7 days.</p>}
      {rejects !== undefined && rejects.length > 0 && (
        <>
          <div class="scroll">
            <table class="series rejects">
              <thead>
                <tr>
                  <th scope="col">Arrived</th>
                  <th scope="col">Why it could not be stored</th>
                  <th scope="col" class="number">
                    Size
                  </th>
                </tr>
              </thead>
              <tbody>
                {rejects.map(({ id, timestamp, size, reason }) => (
                  <tr key={id}>
                    <td class="time">{formatInstant(timestamp, zone.value)}</td>
                    <td>
                      {reason} <code class="faint">{id}</code>
                    </td>
                    <td class="number">{formatValue(size, 'bytes')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="hint">
            They are kept whole. Once the cause is mended, <code>npx tsdb rejects retry ID</code> sends one again.
          </p>
        </>
      )}
    </section>
  )
}
