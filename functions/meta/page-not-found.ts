import type { HttpAnswer } from '../http/index.ts'

const PAGE = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Page not found</title></head>
<body><h1>Page not found</h1><p>Nothing is served here. The API begins at <code>/api/</code>.</p></body>
</html>
`

/** What a person sees who asks for a path outside the API. */
export function pageNotFound(): HttpAnswer {
  return { status: 404, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: PAGE }
}
