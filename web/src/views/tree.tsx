import { useState } from 'preact/hooks'
import { ApiError, ask } from '../api/client.ts'
import { graphOfSeries } from '../model/series-link.ts'
import { Icon } from '../parts/icons.tsx'
import { Notice } from '../parts/notice.tsx'
import { linkTo, page } from '../store/page.ts'

/** A tree as /api/tree lists it. */
export interface TreeDefinition {
  readonly treeId: number
  readonly name: string
  readonly description: string
  readonly enabled: boolean
}

interface Leaf {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  readonly tsuid: string
  readonly displayName: string
}

/** A branch as /api/tree/branch answers it; those that hang on it come without what hangs on them. */
interface Branch {
  readonly branchId: string
  readonly displayName: string
  readonly branches: readonly Branch[] | null
  readonly leaves: readonly Leaf[] | null
}

/** A tree as folders, each read when it is opened first. */
export function Tree({ tree }: { tree: TreeDefinition }) {
  return (
    <div class="tree">
      <Folder
        name={tree.name}
        note={tree.enabled ? tree.description : `${tree.description} (not enabled: new series stay out)`}
        load={() => ask<Branch>('tree/branch', { query: { treeid: tree.treeId } })}
      />
    </div>
  )
}

function Folder({ name, note, load }: { name: string; note?: string; load: () => Promise<Branch> }) {
  const [branch, setBranch] = useState<Branch | undefined>()
  const [error, setError] = useState<ApiError | undefined>()
  const open = async () => {
    try {
      setBranch(await load())
      setError(undefined)
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause
      setError(cause)
    }
  }
  const { branches, leaves } = branch ?? { branches: null, leaves: null }
  return (
    <details
      onToggle={(event) => {
        if (event.currentTarget.open && branch === undefined) void open()
      }}
    >
      <summary>
        <Icon name="chevron" />
        {name}
        {note && <span class="faint"> {note}</span>}
      </summary>
      {error?.status === 404 && <p class="hint">Nothing is in it yet</p>}
      {error && error.status !== 404 && <Notice kind="error" title={error.message} text={error.details} />}
      {branches?.map(({ branchId, displayName }) => (
        <Folder
          key={branchId}
          name={displayName}
          load={() => ask<Branch>('tree/branch', { query: { branch: branchId } })}
        />
      ))}
      {leaves?.map(({ tsuid, metric, tags, displayName }) => (
        <a key={tsuid} class="leaf" href={linkTo({ ...page.value, graphs: [graphOfSeries(metric, tags)] })}>
          {displayName}
          <span class="faint">
            {' '}
            {metric}{' '}
            {Object.entries(tags)
              .map(([key, value]) => `${key}=${value}`)
              .join(' ')}
          </span>
        </a>
      ))}
    </details>
  )
}
