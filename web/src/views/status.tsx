import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { ApiError, ask, signIns } from '../api/client.ts'
import {
  formatCount,
  formatDollars,
  functionRows,
  GROUPS,
  type Stat,
  type StatSeries,
  type Track,
  tracksFor,
  tracksOf,
  withLook,
} from '../model/status.ts'
import { Notice } from '../parts/notice.tsx'
import { Select } from '../parts/select.tsx'
import { Figure } from './figure.tsx'
import { Rejects } from './rejects.tsx'

const LOOK_MS = 5000
const RANGES = ['1', '24', '168']
const RANGE_NAMES = { '1': 'Last hour', '24': 'Last 24 hours', '168': 'Last 7 days' }

/** Kept while another view is shown. */
const hours = signal('1')

interface Looked {
  readonly stats: readonly Stat[]
  readonly tracks: readonly Track[]
}

/** How the store is: figures of all functions as small graphs, and what could not be stored. */
export function StatusView() {
  const [looked, setLooked] = useState<Looked | undefined>()
  const [error, setError] = useState<ApiError | undefined>()
  const range = hours.value
  useEffect(() => {
    let isLeft = false
    let tracks: readonly Track[] | undefined
    const look = async () => {
      try {
        const [history, stats] = await Promise.all([
          tracks === undefined ? ask<readonly StatSeries[]>('stats/history', { query: { hours: range } }) : [],
          ask<readonly Stat[]>('stats'),
        ])
        if (isLeft) return
        tracks ??= tracksOf(history, stats)
        tracks = withLook(tracks, stats, Number(range) * 3600)
        setLooked({ stats, tracks })
        setError(undefined)
      } catch (cause) {
        if (!(cause instanceof ApiError)) throw cause
        if (!isLeft) setError(cause)
      }
    }
    void look()
    const timer = setInterval(() => {
      if (!document.hidden) void look()
    }, LOOK_MS)
    return () => {
      isLeft = true
      clearInterval(timer)
    }
  }, [signIns.value, range])

  return (
    <main class="status-view">
      <div class="toolbar">
        <Select
          label="Time"
          title="The time that the small graphs show"
          value={range}
          options={RANGES}
          names={RANGE_NAMES}
          onChange={(next) => {
            hours.value = next
          }}
        />
        <span class="hint">Figures of all functions since the store began, some seconds old.</span>
      </div>
      {error && <Notice kind="error" title={error.message} text={error.details} />}
      {looked && <Figures looked={looked} seconds={Number(range) * 3600} />}
    </main>
  )
}

function Figures({ looked: { stats, tracks }, seconds }: { looked: Looked; seconds: number }) {
  const to = Math.max(...stats.map(({ timestamp }) => timestamp))
  const rejected = tracksFor({ metric: 'tsd.rejects.records' }, tracks)[0]?.points.at(-1)?.[1] ?? 0
  return (
    <>
      {GROUPS.map(({ title, none, cards }) => {
        const told = cards.filter((card) => tracksFor(card, tracks).length > 0)
        return (
          <section key={title}>
            <h1>{title}</h1>
            {told.length === 0 && <p class="faint">{none}</p>}
            <div class="figures">
              {told.map((card) => (
                <Figure key={card.title} card={card} tracks={tracks} from={to - seconds} to={to} />
              ))}
            </div>
          </section>
        )
      })}
      <div class="status-tables">
        <Functions stats={stats} />
        <Rejects count={rejected} />
      </div>
      <AllFigures stats={stats} />
    </>
  )
}

function Functions({ stats }: { stats: readonly Stat[] }) {
  return (
    <section class="card">
      <h1>By function</h1>
      <div class="scroll">
        <table class="series">
          <thead>
            <tr>
              <th scope="col">Function</th>
              <th scope="col" class="number">
                Calls
              </th>
              <th scope="col" class="number">
                Failed
              </th>
              <th scope="col" class="number">
                Read units
              </th>
              <th scope="col" class="number">
                Write units
              </th>
              <th scope="col" class="number">
                DynamoDB
              </th>
            </tr>
          </thead>
          <tbody>
            {functionRows(stats).map(({ name, calls, failed, readUnits, writeUnits, dollars }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{formatCount(calls)}</td>
                <td class={`number ${failed > 0 ? 'bad' : ''}`}>{formatCount(failed)}</td>
                <td class="number">{formatCount(readUnits)}</td>
                <td class="number">{formatCount(writeUnits)}</td>
                <td class="number">{formatDollars(dollars)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">At DynamoDB’s list prices in us-east-1. Requests, functions and the stream cost besides.</p>
    </section>
  )
}

function AllFigures({ stats }: { stats: readonly Stat[] }) {
  return (
    <details class="card">
      <summary>All figures, as /api/stats tells them</summary>
      <div class="scroll">
        <table class="series">
          <tbody>
            {stats.map(({ metric, tags, value }) => (
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
      </div>
    </details>
  )
}
