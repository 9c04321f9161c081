/** What the page may load: its own files, and nothing that is written into it. Scripts and styles inline are refused. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Cached for good: the name changes with the content. */
export const CACHE_UNCHANGING = 'public, max-age=31536000, immutable'
/** Asked for anew each time. */
export const CACHE_NOT = 'no-cache'
