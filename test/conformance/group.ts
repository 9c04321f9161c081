import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** What a step asks. */
export interface StepRequest {
  readonly method: string
  readonly path: string
  /** The body before it is packed; integers stand as written, however great. */
  readonly text: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Whether the body is sent packed. */
  readonly gzip: boolean
}

/** What the original answered. */
export interface Expectation {
  /** 0 where it closed the connection. */
  readonly status: number
  readonly text: string
}

/** A question put to a real OpenTSDB 2.4.1 or, in groups whose names begin with `k_`, to a real KairosDB 1.3, with its answer. */
export interface Step {
  readonly name: string
  readonly request: StepRequest
  readonly expect: Expectation
  /** Asked again for some seconds until the answer is right: the original computes it behind the scenes. */
  readonly eventually: boolean
  /** Names for parts of the answer, by path into it, that later steps use as `@{NAME}`. */
  readonly capture: Readonly<Record<string, readonly (string | number | Readonly<Record<string, unknown>>)[]>>
  /** How the answer is compared; undefined: value by value. */
  readonly compare: string | undefined
}

/** Steps that build on each other, with names of their own. */
export interface Group {
  readonly name: string
  readonly steps: readonly Step[]
}

const FOLDER = join(import.meta.dirname, 'groups')

/** The names of the groups in the order in which they are played: `trees` sees every series there is, so it goes first. */
export function groupNames(): string[] {
  const names = readdirSync(FOLDER).map((file) => file.replace('.json.gz', ''))
  return names.sort((a, b) => Number(b === 'trees') - Number(a === 'trees') || (a < b ? -1 : 1))
}

/** A step as it is kept: what is absent is as usual. */
interface KeptStep extends Partial<Pick<Step, 'eventually' | 'capture' | 'compare'>> {
  readonly name: string
  readonly request: Pick<StepRequest, 'method' | 'path'> & Partial<StepRequest>
  readonly expect: Expectation
}

/** Reads a group: gzipped JSON, `{"group", "steps"}`, a step a line. */
export function loadGroup(name: string): Group {
  const text = gunzipSync(readFileSync(join(FOLDER, `${name}.json.gz`))).toString('utf8')
  const { group, steps }: { group: string; steps: KeptStep[] } = JSON.parse(text)
  return { name: group, steps: steps.map(completeStep) }
}

function completeStep({ name, request, expect, eventually = false, capture = {}, compare }: KeptStep): Step {
  return {
    name,
    request: { headers: {}, text: undefined, gzip: false, ...request },
    expect,
    eventually,
    capture,
    compare,
  }
}
