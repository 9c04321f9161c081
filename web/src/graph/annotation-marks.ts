import type uPlot from 'uplot'

/** Draws a line with a flag for each annotation that is in sight. */
export function drawAnnotations(plot: uPlot, times: readonly number[], dark: boolean): void {
  const { ctx, bbox } = plot
  const size = 5 * devicePixelRatio
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = dark ? '#f0abfc' : '#a21caf'
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio])
  for (const time of times) {
    // In the middle of a pixel, or the line would be spread over two.
    const x = Math.floor(plot.valToPos(time, 'x', true)) + 0.5
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.beginPath()
    ctx.moveTo(x - size, bbox.top)
    ctx.lineTo(x + size, bbox.top)
    ctx.lineTo(x, bbox.top + size * 1.4)
    ctx.fill()
  }
  ctx.restore()
}
