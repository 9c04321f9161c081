import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { newestOnly } from '../api/newest.ts'

interface ComboboxProps {
  readonly label: string
  readonly value: string
  readonly placeholder?: string
  readonly class?: string
  /** What fits the text so far. */
  readonly suggest: (text: string, signal: AbortSignal) => Promise<readonly string[]>
  /** Told of a name that was picked, or a text that was typed and left. */
  readonly onPick: (value: string) => void
  readonly autofocus?: boolean
}

/** Time without a key until the server is asked. */
const PAUSE_MS = 120

/** A text field that offers names. https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ */
export function Combobox({
  label,
  value,
  placeholder = '',
  class: className = '',
  suggest,
  onPick,
  autofocus,
}: ComboboxProps) {
  const id = useId()
  const [text, setText] = useState(value)
  const [options, setOptions] = useState<readonly string[]>([])
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(-1)
  const newest = useRef(newestOnly())
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (autofocus) input.current?.focus()
    return () => clearTimeout(timer.current)
  }, [])

  const look = (wanted: string, pause: number) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(async () => {
      // Without names to offer the field is still one to type into; what is wrong is said where the query's answer is.
      const found = await newest.current((signal) => suggest(wanted, signal)).catch(() => [])
      if (found === undefined) return
      setOptions(found)
      setAt(-1)
    }, pause)
  }
  const pick = (picked: string) => {
    clearTimeout(timer.current)
    setOpen(false)
    setText(picked)
    if (picked !== value) onPick(picked)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0 && options.length > 0) {
      event.preventDefault()
      setOpen(true)
      const next = (at + step + options.length) % options.length
      setAt(next)
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' })
    } else if (event.key === 'Enter') {
      event.preventDefault()
      pick((open ? options[at] : undefined) ?? text.trim())
    } else if (event.key === 'Escape' && open) {
      event.stopPropagation()
      setOpen(false)
    }
  }
  return (
    <div class={`combobox ${className}`}>
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={open && options.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(at >= 0 && { 'aria-activedescendant': `${id}-${at}` })}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder={placeholder}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value)
          setOpen(true)
          look(event.currentTarget.value, PAUSE_MS)
        }}
        onFocus={(event) => {
          event.currentTarget.select()
          setOpen(true)
          look(text === value ? '' : text, 0)
        }}
        onKeyDown={onKeyDown}
        onBlur={() => pick(text.trim())}
      />
      {open && options.length > 0 && (
        <div class="options" role="listbox" id={`${id}-list`} aria-label={label}>
          {options.map((option, index) => (
            <div
              key={option}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              // Before the field loses its focus, which would take what was typed.
              onPointerDown={(event) => {
                event.preventDefault()
                pick(option)
              }}
            >
              {option}
            </div>
          ))}
        </div>
      )}
    </div>
  )
}
