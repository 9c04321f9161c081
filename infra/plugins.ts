import { isAbsolute, resolve } from 'node:path'
import { InvalidContextError } from './errors.ts'

/** Kinds of plugins: the context's names, and what they are to the functions. */
const KINDS = {
  writeFilters: 'WriteFilter',
  uidFilters: 'UidFilter',
  publishers: 'Publisher',
  rejectHandlers: 'RejectHandler',
  search: 'SearchPlugin',
  serialisers: 'Serialiser',
} as const
type Kind = keyof typeof KINDS

/** A plugin as the context names it. */
export interface PluginConfig {
  readonly kind: Kind
  /** A package's name, or an absolute path. */
  readonly module: string
  readonly options: Readonly<Record<string, unknown>>
}

const RULE = `a JSON object of ${Object.keys(KINDS).join(', ')}, each a module or a list of them: a path or package, or {"module", "options"}`

/**
 * Reads the plugins that the context names.
 * @param value the context's object, undefined for none
 * @param folder that paths beginning with a dot are relative to
 * @throws InvalidContextError
 */
export function readPlugins(
  value: Readonly<Record<string, unknown>> | undefined,
  folder: string,
): readonly PluginConfig[] {
  if (value === undefined) return []
  return Object.entries(value).flatMap(([kind, modules]) => {
    if (!isKind(kind)) throw new InvalidContextError('plugins', value, RULE)
    const list: unknown[] = Array.isArray(modules) ? modules : [modules]
    return list.map((each) => {
      const { module, options = {} } = typeof each === 'string' ? { module: each } : fieldsOf(each)
      if (typeof module !== 'string' || module === '' || typeof options !== 'object' || options === null) {
        throw new InvalidContextError('plugins', value, RULE)
      }
      const isPath = module.startsWith('.') || isAbsolute(module)
      return { kind, module: isPath ? resolve(folder, module) : module, options: { ...options } }
    })
  })
}

/**
 * The module that stands for `#plugins` in the bundles: it makes each plugin of its options when a function starts.
 * @returns TypeScript, for esbuild
 */
export function pluginsModule(plugins: readonly PluginConfig[]): string {
  const imports = plugins.map(({ module }, i) => `import plugin${i} from ${JSON.stringify(module)}`)
  const lists = Object.keys(KINDS).map((kind) => {
    const made = plugins.flatMap((plugin, i) =>
      plugin.kind === kind ? [`plugin${i}(${JSON.stringify(plugin.options)})`] : [],
    )
    return `  ${kind}: [${made.join(', ')}],`
  })
  return [...imports, 'export const PLUGINS = {', ...lists, '}', ''].join('\n')
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(KINDS, text)
}

function fieldsOf(value: unknown): { module?: unknown; options?: unknown } {
  return typeof value === 'object' && value !== null ? value : {}
}
