import { gzipSync } from 'node:zlib'
import type { Group, Step, StepRequest } from './group.ts'
import { isObject, type Json } from './json.ts'
import { type Answer, judge } from './judge.ts'

/** How a step went; `why` says what was wrong. */
export interface Outcome {
  readonly step: Step
  readonly why: string | undefined
}

/** Longer than the consumer needs for thousands of hours of one point each, on a machine that does something else too. */
const EVENTUALLY_MS = 60_000
const AGAIN_AFTER_MS = 250
const ANSWER_WITHIN_MS = 60_000

/**
 * Puts a group's questions to a server, one after the other, and judges the answers. Steps that OpenTSDB itself gave no
 * answer to are left out. In a step `@now-60` is the time in seconds 60 s before the group began, `@nowms-60` the same in
 * milliseconds, and `@{NAME}` what an earlier step captured.
 * @param url where the server is, without a slash at the end
 * @param mayFail whether a step is expected to fail: nobody waits for it to come right
 */
export async function replay(url: string, group: Group, mayFail: (step: Step) => boolean): Promise<Outcome[]> {
  const fill = filler(Math.floor(Date.now() / 1000))
  const outcomes: Outcome[] = []
  for (const step of group.steps) {
    if (step.expect.status === 0) continue
    const patience = step.eventually && !mayFail(step) ? EVENTUALLY_MS : 0
    outcomes.push({ step, why: await play(url, step, fill, patience) })
  }
  return outcomes
}

interface Filler {
  readonly captured: Map<string, string>
  (text: string): string
}

function filler(now: number): Filler {
  const captured = new Map<string, string>()
  const fill = (text: string) =>
    text
      .replace(/@\{(\w+)\}/g, (_, name: string) => captured.get(name) ?? 'UNKNOWN')
      .replace(/"@now-(\d+)"(?!:)|@now-(\d+)/g, (_, quoted, bare) => String(now - Number(quoted ?? bare)))
      .replace(/"@nowms-(\d+)"(?!:)|@nowms-(\d+)/g, (_, quoted, bare) => String((now - Number(quoted ?? bare)) * 1000))
  return Object.assign(fill, { captured })
}

async function play(url: string, step: Step, fill: Filler, patienceMs: number): Promise<string | undefined> {
  const deadline = Date.now() + patienceMs
  const want = { ...step.expect, text: fill(step.expect.text) }
  for (;;) {
    const answer = await ask(url, step.request, fill)
    const why = typeof answer === 'string' ? answer : judge(step, want, answer)
    if (why === undefined && typeof answer !== 'string') capture(step, answer, fill)
    if (why === undefined || Date.now() >= deadline) return why
    await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS))
  }
}

/** @returns the answer, or why there is none */
async function ask(url: string, request: StepRequest, fill: Filler): Promise<Answer | string> {
  const { method, path, headers, gzip } = request
  const text = request.text === undefined ? undefined : fill(request.text)
  const body = text === undefined || method === 'GET' ? null : gzip ? new Uint8Array(gzipSync(text)) : text
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
    const response = await fetch(url + fill(path), { method, headers, body, signal })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    return `no answer: ${error instanceof Error ? error.message : error}`
  }
}

function capture(step: Step, answer: Answer, fill: Filler): void {
  for (const [name, path] of Object.entries(step.capture)) {
    let value: Json | undefined = JSON.parse(answer.text)
    for (const part of path) value = descend(value, part)
    fill.captured.set(name, String(value))
  }
}

/** @param part a field's name, an index, or the fields that an element of a list must have */
function descend(value: Json | undefined, part: string | number | Readonly<Record<string, unknown>>): Json | undefined {
  if (typeof part === 'object') {
    const elements = Array.isArray(value) ? value : []
    return elements.find((one) => isObject(one) && Object.entries(part).every(([key, want]) => one[key] === want))
  }
  if (Array.isArray(value)) return value[Number(part)]
  return isObject(value) ? value[part] : undefined
}
