import { useEffect, useState } from 'preact/hooks'
import { ask, signIns } from '../api/client.ts'
import { newGraph, newPage, newQuery } from '../model/page.ts'
import { Icon } from '../parts/icons.tsx'
import { show } from '../store/page.ts'

const LOOK_MS = 2000

/** The first metric of the store; undefined while it has none. */
export async function firstMetric(): Promise<string | undefined> {
  const [name] = await ask<readonly string[]>('suggest', { query: { type: 'metrics', max: 1 } })
  return name
}

/** What to do with a store that is empty. Looks every two seconds whether it still is. */
export function FirstRun({ onArrived }: { onArrived: () => void }) {
  const [metric, setMetric] = useState<string | undefined>()
  useEffect(() => {
    if (metric !== undefined) return
    const timer = setInterval(async () => {
      const found = document.hidden ? undefined : await firstMetric().catch(() => undefined)
      if (found !== undefined) setMetric(found)
    }, LOOK_MS)
    return () => clearInterval(timer)
  }, [metric, signIns.value])

  const { origin } = location
  if (metric !== undefined) {
    return (
      <main class="first-run">
        <div class="arrived" role="status">
          <h1>Points are arriving</h1>
          <p>
            The first metric is <code>{metric}</code>.
          </p>
          <button
            type="button"
            class="button primary"
            ref={(button) => button?.focus()}
            onClick={() => {
              show({ ...newPage(), graphs: [newGraph([newQuery(metric)])] }, 'replace')
              onArrived()
            }}
          >
            Show it
          </button>
        </div>
      </main>
    )
  }
  return (
    <main class="first-run">
      <h1>Send the first point</h1>
      <p class="lead">The store is empty. This page notices when something arrives.</p>
      <ol>
        <Way
          title="With curl"
          command={`curl -i '${origin}/api/put?details' -H 'content-type: application/json' \\\n  -d '{"metric":"sys.cpu.user","timestamp":'$(date +%s)',"value":42.5,"tags":{"host":"web01"}}'`}
        />
        <Way
          title="From a file"
          text="Lines of METRIC TIME VALUE TAG=VALUE, packed or not. The project brings twenty minutes of a real host."
          command={`TSDB_URL=${origin} npx tsdb import test/data/host-metrics.txt.gz`}
        />
        <Way
          title="From a device"
          text="In the cloud: a message to AWS IoT, each numeric field of which becomes a point."
          command={`aws iot-data publish --cli-binary-format raw-in-base64-out \\\n  --topic tsdb/greenhouse/sensor1 --payload '{"temperature":21.5}'`}
        />
        <Way
          title="From what you have"
          text="Collectors that send to OpenTSDB 2.x send here as they are: give them this address."
          command={origin}
        />
      </ol>
      <p class="waiting" role="status">
        <span class="busy on" /> Waiting for the first point
      </p>
    </main>
  )
}

function Way({ title, text, command }: { title: string; text?: string; command: string }) {
  const [copied, setCopied] = useState(false)
  return (
    <li>
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      <div class="command">
        <pre>{command}</pre>
        <button
          type="button"
          class="button"
          aria-label={`Copy: ${title}`}
          onClick={() =>
            navigator.clipboard.writeText(command).then(
              () => setCopied(true),
              () => undefined,
            )
          }
        >
          <Icon name="copy" /> {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
    </li>
  )
}
