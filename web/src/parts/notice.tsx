interface NoticeProps {
  readonly kind: 'error' | 'warning' | 'info'
  readonly title: string
  readonly text?: string | undefined
}

/** What went wrong or is worth knowing; a screen reader says errors at once. */
export function Notice({ kind, title, text }: NoticeProps) {
  return (
    <div class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {text && <span>{text}</span>}
    </div>
  )
}
