/** The version of OpenTSDB whose API this speaks: clients choose what they send by it. */
export const API_VERSION = '2.4.1'

/** The greatest N of `/api/vN/...`. */
export const MAX_PATH_VERSION = 1

/** The fields that OpenTSDB's /api/version has; those of its own build are empty. */
export function versionInfo(): Readonly<Record<string, string>> {
  return {
    version: API_VERSION,
    short_revision: '',
    full_revision: '',
    timestamp: '',
    repo_status: '',
    user: '',
    host: '',
    repo: '',
    branch: '',
  }
}

/** The same as the old top-level /version writes it. */
export function versionText(): string {
  return `tsdb, speaking the API of OpenTSDB ${API_VERSION}\n`
}
