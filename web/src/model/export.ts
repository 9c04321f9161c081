import type { Columns } from './columns.ts'

/**
 * Columns as CSV, RFC 4180: a line a time, in ISO 8601 and UTC.
 * @param names heads of the columns
 */
export function csvOf({ times, values }: Columns, names: readonly string[]): string {
  const lines = [['time', ...names].map(field).join(',')]
  for (const [index, time] of times.entries()) {
    lines.push([new Date(time).toISOString(), ...values.map((column) => column[index] ?? '')].join(','))
  }
  return `${lines.join('\r\n')}\r\n`
}

function field(text: string): string {
  // A spreadsheet would take a text that begins with one of these for a formula.
  const harmless = /^[=+\-@]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
