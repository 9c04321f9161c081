import type uPlot from 'uplot'

/** Time that one frame may be drawn for; a viewer notices nothing below 50. */
const FRAME_MS = 10

/**
 * Draws lines of many series, some in each frame, so that the page never stops: uPlot draws all at once. It draws over axes and
 * scales that uPlot made, and begins anew whenever uPlot does.
 */
export class ManyLines {
  #frame = 0

  /** Draws what is shown of a plot; what was still to be drawn before is given up. */
  start(plot: uPlot): void {
    this.stop()
    let next = 1
    const step = () => {
      const until = performance.now() + FRAME_MS
      while (next < plot.series.length && performance.now() < until) drawLine(plot, next++)
      if (next < plot.series.length) this.#frame = requestAnimationFrame(step)
    }
    this.#frame = requestAnimationFrame(step)
  }

  stop(): void {
    cancelAnimationFrame(this.#frame)
  }
}

function drawLine(plot: uPlot, index: number): void {
  const series = plot.series[index]
  const values = plot.data[index]
  if (series?.show !== true || values === undefined) return
  const { ctx, bbox } = plot
  const [times] = plot.data
  const { min: from = null, max: to = null } = plot.scales.x ?? {}
  if (from === null || to === null) return
  const toX = bbox.width / (to - from)
  const scale = series.scale ?? 'y'
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.beginPath()
  let isBroken = true
  for (let i = 0; i < times.length; i++) {
    const value = values[i]
    // Nothing at this time; the line goes on.
    if (value === undefined) continue
    if (value === null) {
      isBroken = true
      continue
    }
    const x = bbox.left + (times[i]! - from) * toX
    const y = plot.valToPos(value, scale, true)
    if (isBroken) ctx.moveTo(x, y)
    else ctx.lineTo(x, y)
    isBroken = false
  }
  ctx.strokeStyle = colorOf(series.stroke)
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash((series.dash ?? []).map((length) => length * devicePixelRatio))
  ctx.stroke()
  ctx.restore()
}

/** uPlot keeps a colour as a function that gives it. */
function colorOf(stroke: uPlot.Series['stroke'] | ((...args: never[]) => unknown)): string {
  const given: unknown = typeof stroke === 'function' ? Reflect.apply(stroke, undefined, []) : stroke
  return typeof given === 'string' ? given : '#888888'
}
