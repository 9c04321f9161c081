import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface MenuProps {
  /** What a screen reader calls the button. */
  readonly label: string
  /** What the button shows. */
  readonly button: ComponentChildren
  readonly class?: string
  readonly children: (close: () => void) => ComponentChildren
}

/** A button that opens a panel below it; Escape, and a click elsewhere, close it. */
export function Menu({ label, button, class: className = '', children }: MenuProps) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const trigger = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!open) return
    const onPointer = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false)
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      setOpen(false)
      trigger.current?.focus()
    }
    document.addEventListener('pointerdown', onPointer)
    document.addEventListener('keydown', onKey)
    return () => {
      document.removeEventListener('pointerdown', onPointer)
      document.removeEventListener('keydown', onKey)
    }
  }, [open])
  return (
    <div class={`menu ${className}`} ref={root}>
      <button
        type="button"
        class="button"
        ref={trigger}
        aria-label={label}
        title={label}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && <div class="popover">{children(() => setOpen(false))}</div>}
    </div>
  )
}
