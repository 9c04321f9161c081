import { fileURLToPath } from 'node:url'

/** The project's folder, with a slash at the end. */
export const PROJECT_DIR = fileURLToPath(new URL('..', import.meta.url))

/** What may be deleted at any time: assemblies and bundled workers. Inside the project, so that its packages are found from it. */
export const CACHE_DIR = `${PROJECT_DIR}.cache`
