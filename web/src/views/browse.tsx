import { useEffect, useState } from 'preact/hooks'
import { ApiError, ask, signIns } from '../api/client.ts'
import { Notice } from '../parts/notice.tsx'
import { SeriesOfMetric } from './series.tsx'
import { Tree, type TreeDefinition } from './tree.tsx'

/** Ways to find series: trees, and the series of a metric. */
export function BrowseView() {
  const [trees, setTrees] = useState<readonly TreeDefinition[] | undefined>()
  const [error, setError] = useState<ApiError | undefined>()
  useEffect(() => {
    ask<readonly TreeDefinition[]>('tree').then(
      (found) => {
        setTrees(found)
        setError(undefined)
      },
      (cause: unknown) => {
        if (!(cause instanceof ApiError)) throw cause
        setError(cause)
      },
    )
  }, [signIns.value])
  return (
    <main class="browse-view">
      <section class="card">
        <h1>Series of a metric</h1>
        <SeriesOfMetric />
      </section>
      <section class="card">
        <h1>Trees</h1>
        {error && <Notice kind="error" title={error.message} text={error.details} />}
        {trees?.length === 0 && (
          <Notice
            kind="info"
            title="There is no tree yet"
            text="A tree sorts series into folders by rules. POST /api/tree makes one; new series get into it by themselves."
          />
        )}
        {trees?.map((tree) => (
          <Tree key={tree.treeId} tree={tree} />
        ))}
      </section>
    </main>
  )
}
