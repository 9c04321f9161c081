import type { Unit } from './page.ts'

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E']
const SI_SMALL = ['', 'm', 'µ', 'n', 'p']
const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/** A value for people: up to four digits that count, with the unit's prefix. `—` where there is none. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—'
  switch (unit) {
    case 'si':
      return scaled(value, 1000, SI, '')
    case 'bytes':
      return scaled(value, 1024, IEC, 'B')
    case 'bytes/s':
      return scaled(value, 1024, IEC, 'B/s')
    case 'bits/s':
      return scaled(value, 1000, SI, 'bit/s')
    case '%':
      return `${digits(value)} %`
    case 's':
      return seconds(value)
    case 'ms':
      return seconds(value / 1000)
    case 'plain':
      return String(value)
  }
}

function scaled(value: number, base: number, prefixes: readonly string[], suffix: string): string {
  const size = Math.abs(value)
  if (size > 0 && size < 0.001 && base === 1000) return small(value, suffix)
  let power = 0
  let rest = size
  // What would round up to the base belongs to the next prefix.
  while (Number(rest.toPrecision(4)) >= base && power < prefixes.length - 1) {
    rest /= base
    power++
  }
  const unit = `${prefixes[power]}${suffix}`
  return unit === '' ? digits(value) : `${digits(Math.sign(value) * rest)} ${unit}`
}

function small(value: number, suffix: string): string {
  let power = 0
  let rest = Math.abs(value)
  while (rest < 1 && power < SI_SMALL.length - 1) {
    rest *= 1000
    power++
  }
  return `${digits(Math.sign(value) * rest)} ${SI_SMALL[power]}${suffix}`
}

const LONGER: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
]

function seconds(value: number): string {
  const size = Math.abs(value)
  for (const [length, name] of LONGER) {
    if (size >= length * 2) return `${digits(value / length)} ${name}`
  }
  return size > 0 && size < 1 ? small(value, 's') : `${digits(value)} s`
}

/** Four digits that count, without zeros at the end. */
function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e21) return value.toPrecision(4)
  return String(size >= 1000 ? Math.round(value) : Number(value.toPrecision(4)))
}
