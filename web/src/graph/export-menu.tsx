import { useState } from 'preact/hooks'
import type uPlot from 'uplot'
import { csvOf } from '../model/export.ts'
import { curlFor } from '../model/request.ts'
import { Icon } from '../parts/icons.tsx'
import { Menu } from '../parts/menu.tsx'
import type { Line } from './chart.tsx'
import { pngOf } from './picture.ts'
import type { Drawn } from './use-answer.ts'

interface ExportProps {
  readonly drawn: Drawn
  readonly lines: readonly Line[]
  readonly plot: { readonly current?: uPlot | undefined }
  readonly title: string
}

/** What is drawn, to take away; and what was asked for, to ask again elsewhere. */
export function ExportMenu({ drawn, lines, plot, title }: ExportProps) {
  const [copied, setCopied] = useState('')
  const name = (title || 'graph').replaceAll(/[^\w.-]+/g, '-')
  const save = (content: BlobPart, type: string, ending: string) =>
    download(new Blob([content], { type }), `${name}.${ending}`)
  const copy = async (what: string, text: string) => {
    await navigator.clipboard.writeText(text).then(
      () => setCopied(what),
      () => setCopied('nothing: the browser does not allow it here'),
    )
  }
  return (
    <Menu label="Export" button={<Icon name="export" />} class="right">
      {(close) => (
        <div class="actions">
          <button
            type="button"
            onClick={async () => {
              if (plot.current) download(await pngOf(plot.current, lines, title), `${name}.png`)
              close()
            }}
          >
            Picture (PNG)
          </button>
          <button
            type="button"
            onClick={() => {
              save(
                csvOf(
                  drawn.columns,
                  lines.map((line) => line.name),
                ),
                'text/csv',
                'csv',
              )
              close()
            }}
          >
            Points (CSV)
          </button>
          <button
            type="button"
            onClick={() => {
              save(JSON.stringify(drawn.answer.series, null, 1), 'application/json', 'json')
              close()
            }}
          >
            Answer (JSON)
          </button>
          <hr />
          <button type="button" onClick={() => copy('the query', JSON.stringify(drawn.body, null, 2))}>
            <Icon name="copy" /> Query as JSON
          </button>
          <button type="button" onClick={() => copy('the command', curlFor(drawn.body, location.origin))}>
            <Icon name="copy" /> Query as curl
          </button>
          <button type="button" onClick={() => copy('the link', location.href)}>
            <Icon name="copy" /> Link to this page
          </button>
          <p class="hint" role="status">
            {copied === '' ? '' : `Copied ${copied}`}
          </p>
        </div>
      )}
    </Menu>
  )
}

function download(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser has the bytes once the click is worked off.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}
