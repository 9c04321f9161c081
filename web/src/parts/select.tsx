interface SelectProps<T extends string> {
  readonly label: string
  readonly title?: string
  readonly value: T
  readonly options: readonly T[]
  /** What to show for an option; itself where there is nothing. */
  readonly names?: Readonly<Partial<Record<T, string>>>
  readonly onChange: (value: T) => void
}

/** The browser's own list: it has the keyboard, and phones know it. */
export function Select<T extends string>({ label, title, value, options, names, onChange }: SelectProps<T>) {
  const shown = options.includes(value) ? options : [value, ...options]
  return (
    <select
      aria-label={label}
      title={title ?? label}
      value={value}
      onChange={(event) => {
        const picked = shown.find((option) => option === event.currentTarget.value)
        if (picked !== undefined) onChange(picked)
      }}
    >
      {shown.map((option) => (
        <option key={option} value={option}>
          {names?.[option] ?? option}
        </option>
      ))}
    </select>
  )
}
