import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { ApiError, ask, signIns } from '../api/client.ts'
import { type Card, figureOf, formatDollars, GROUPS, type Look, type Stat, sparkline } from '../model/status.ts'
import { formatValue } from '../model/units.ts'
import { Notice } from '../parts/notice.tsx'

const LOOK_MS = 5000
/** An hour of looks. */
const KEPT = 720

/** Looks at the figures since the page was opened; they stay while another view is shown. */
const looks = signal<readonly Look[]>([])

/** How the store is, as small graphs since the page was opened. */
export function StatusView() {
  const [error, setError] = useState<ApiError | undefined>()
  useEffect(() => {
    const look = async () => {
      try {
        const stats = await ask<readonly Stat[]>('stats')
        looks.value = [...looks.value, { at: Date.now(), stats }].slice(-KEPT)
        setError(undefined)
      } catch (cause) {
        if (!(cause instanceof ApiError)) throw cause
        setError(cause)
      }
    }
    void look()
    const timer = setInterval(() => {
      if (!document.hidden) void look()
    }, LOOK_MS)
    return () => clearInterval(timer)
  }, [signIns.value])

  const newest = looks.value.at(-1)
  return (
    <main class="status-view">
      {error && <Notice kind="error" title={error.message} text={error.details} />}
      {newest &&
        GROUPS.map(({ title, cards }) => ({
          title,
          told: cards.filter((card) => figureOf(card, newest.stats) !== undefined),
        }))
          .filter(({ told }) => told.length > 0)
          .map(({ title, told }) => (
            <section key={title}>
              <h1>{title}</h1>
              <div class="figures">
                {told.map((card) => (
                  <Figure key={card.title} card={card} />
                ))}
              </div>
            </section>
          ))}
      {newest && (
        <details class="card">
          <summary>All figures</summary>
          <table class="series">
            <tbody>
              {newest.stats.map(({ metric, tags, value }) => (
                <tr key={metric + JSON.stringify(tags)}>
                  <th scope="row">{metric}</th>
                  <td>
                    {Object.entries(tags)
                      .map(([key, text]) => `${key}=${text}`)
                      .join(' ')}
                  </td>
                  <td class="number">{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </main>
  )
}

const WIDTH = 200
const HEIGHT = 36

function Figure({ card }: { card: Card }) {
  const values = looks.value.map(({ stats }) => figureOf(card, stats)).filter((value) => value !== undefined)
  return (
    <div class="figure">
      <h2>{card.title}</h2>
      <strong class="figure-value">
        {formatValue(values.at(-1), card.unit)}
        {card.dollars !== undefined && <small> {formatDollars((values.at(-1) ?? 0) * card.dollars)}</small>}
      </strong>
      <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" aria-hidden="true">
        <polyline points={sparkline(values, WIDTH, HEIGHT)} />
      </svg>
    </div>
  )
}
