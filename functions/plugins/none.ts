import type { Plugins } from '../../lib/plugin/types.ts'

/** What `#plugins` is where no plugins are configured; a bundle with plugins has another module in its place (infra/plugins.ts). */
export const PLUGINS: Plugins = {}
