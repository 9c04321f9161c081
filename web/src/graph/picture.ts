import type uPlot from 'uplot'
import type { Line } from './chart.tsx'

/** Legend lines in a picture at most. */
const LINES = 30

/** A plot with its title and legend as a picture. */
export async function pngOf(plot: uPlot, lines: readonly Line[], title: string): Promise<Blob> {
  const scale = devicePixelRatio
  const source = plot.ctx.canvas
  const style = getComputedStyle(document.documentElement)
  const shown = lines.filter((line) => line.shown).slice(0, LINES)
  const head = title === '' ? 0 : 30 * scale
  const row = 18 * scale
  const canvas = document.createElement('canvas')
  canvas.width = source.width
  canvas.height = head + source.height + shown.length * row + 8 * scale
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('This browser gives no canvas to draw on')
  context.fillStyle = style.getPropertyValue('--surface')
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.fillStyle = style.getPropertyValue('--ink')
  context.font = `600 ${14 * scale}px system-ui, sans-serif`
  context.fillText(title, 12 * scale, 20 * scale)
  context.drawImage(source, 0, head)
  context.font = `${12 * scale}px system-ui, sans-serif`
  for (const [place, line] of shown.entries()) {
    const y = head + source.height + place * row
    context.fillStyle = line.color
    context.fillRect(12 * scale, y + 4 * scale, 10 * scale, 10 * scale)
    context.fillStyle = style.getPropertyValue('--ink')
    context.fillText(line.name, 28 * scale, y + 13 * scale)
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob === null ? reject(new Error('The browser made no picture')) : resolve(blob)),
      'image/png',
    )
  })
}
