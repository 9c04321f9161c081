import { effect, signal } from '@preact/signals'

export type Theme = 'light' | 'dark'

const KEY = 'tsdb.theme'
const system = matchMedia('(prefers-color-scheme: dark)')
const chosen = localStorage.getItem(KEY)

/** What is drawn: what the viewer chose, else what the system says. */
export const theme = signal<Theme>(chosen === 'light' || chosen === 'dark' ? chosen : system.matches ? 'dark' : 'light')

export function followSystem(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value
  })
  system.addEventListener('change', () => {
    if (localStorage.getItem(KEY) === null) theme.value = system.matches ? 'dark' : 'light'
  })
}

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark'
  localStorage.setItem(KEY, theme.value)
}
