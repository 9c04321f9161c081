import { refusal, signedIn, signIn, signOut } from '../api/client.ts'

/** Shown over everything while the API turns requests down for their token. */
export function SignIn() {
  const refused = refusal.value
  if (refused === undefined) return null
  const forbidden = refused.status === 403
  return (
    <div class="overlay" role="dialog" aria-modal="true" aria-labelledby="sign-in-title">
      <form
        class="sign-in"
        onSubmit={(event) => {
          event.preventDefault()
          const token = String(new FormData(event.currentTarget).get('token') ?? '').trim()
          if (token !== '') signIn(token)
        }}
      >
        <h1 id="sign-in-title">{forbidden ? 'This token may not do that' : 'Sign in'}</h1>
        <p>
          {forbidden
            ? 'It is valid, but lacks the right that this takes. Use another one, or ask whoever gave it to you.'
            : signedIn.value
              ? 'The token is not known, or has expired or been revoked. Use another one.'
              : 'This server asks for a token. Whoever runs it can make you one.'}
        </p>
        <p class="hint">{refused.message}</p>
        <label>
          Token
          <input name="token" type="password" autocomplete="off" spellcheck={false} ref={(input) => input?.focus()} />
        </label>
        <p class="hint">It is kept in this tab alone, until the tab is closed.</p>
        <div class="buttons">
          <button type="submit" class="button primary">
            Sign in
          </button>
          {forbidden && (
            <button
              type="button"
              class="button"
              onClick={() => {
                refusal.value = undefined
              }}
            >
              Go on without
            </button>
          )}
          {!forbidden && signedIn.value && (
            <button type="button" class="button" onClick={signOut}>
              Forget the token
            </button>
          )}
        </div>
      </form>
    </div>
  )
}
