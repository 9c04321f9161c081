import type { ComponentChild } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ApiError, refusal, signedIn, signIns, signOut } from '../api/client.ts'
import { titleOf } from '../model/title.ts'
import { Icon } from '../parts/icons.tsx'
import { Notice } from '../parts/notice.tsx'
import { loadAggregators } from '../store/aggregators.ts'
import { linkTo, page, type View, view } from '../store/page.ts'
import { theme, toggleTheme } from '../store/theme.ts'
import { BrowseView } from './browse.tsx'
import { FirstRun, firstMetric } from './first-run.tsx'
import { GraphView } from './graph.tsx'
import { SignIn } from './sign-in.tsx'
import { StatusView } from './status.tsx'

const VIEWS: Readonly<Record<View, () => ComponentChild>> = {
  graph: () => <GraphView />,
  browse: () => <BrowseView />,
  status: () => <StatusView />,
}

/** The page: where to, and what is there. */
export function App() {
  const [empty, setEmpty] = useState(false)
  const [denied, setDenied] = useState<ApiError | undefined>()
  useEffect(() => {
    void loadAggregators()
    void firstMetric().then(
      (metric) => {
        setEmpty(metric === undefined)
        setDenied(undefined)
      },
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error
        // What else keeps this from being known is said by whatever is asked next.
        setDenied(error.status === 403 ? error : undefined)
      },
    )
  }, [signIns.value])
  useEffect(() => {
    document.title = titleOf(view.value, page.value)
  }, [view.value, page.value])
  // Behind the sign-in nothing is reached, by the keyboard either.
  return (
    <>
      <div inert={refusal.value !== undefined}>
        <header>
          <a class="brand" href={linkTo(page.value)}>
            <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
              <rect width="32" height="32" rx="7" />
              <path d="M5 21l6-7 5 5 5-10 6 8" />
            </svg>
            tsdb
          </a>
          <nav aria-label="Views">
            <Tab to="graph" href={linkTo(page.value)} text="Graph" />
            <Tab to="browse" href="#/browse" text="Browse" />
            <Tab to="status" href="#/status" text="Status" />
          </nav>
          <span class="spring" />
          {signedIn.value && (
            <button type="button" class="button quiet" onClick={signOut}>
              Sign out
            </button>
          )}
          <button
            type="button"
            class="button quiet"
            aria-label={theme.value === 'dark' ? 'Light colours' : 'Dark colours'}
            title={theme.value === 'dark' ? 'Light colours' : 'Dark colours'}
            onClick={toggleTheme}
          >
            <Icon name={theme.value === 'dark' ? 'sun' : 'moon'} />
          </button>
        </header>
        {denied && (
          <div class="denied">
            <Notice kind="error" title={denied.message} text={`${denied.details ?? ''}. ${TO_LOOK}`} />
          </div>
        )}
        {empty && view.value !== 'status' ? <FirstRun onArrived={() => setEmpty(false)} /> : VIEWS[view.value]()}
      </div>
      <SignIn />
    </>
  )
}

const TO_LOOK = 'To look at graphs takes a token with the scope query: sign out, and in again with one.'

function Tab({ to, href, text }: { to: View; href: string; text: string }) {
  return (
    <a href={href} {...(view.value === to && { 'aria-current': 'page' })}>
      {text}
    </a>
  )
}
