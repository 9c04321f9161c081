import { refusal, signedIn, signIn, signOut } from '../api/client.ts'

/** Shown over everything while the API turns requests down for want of a valid token. */
export function SignIn() {
  const refused = refusal.value
  if (refused === undefined) return null
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
        <h1 id="sign-in-title">Sign in</h1>
        <p>
          {signedIn.value
            ? 'This token is not known, has expired or was revoked. Use another one.'
            : 'This server asks for a token. Whoever runs it makes one with:'}
        </p>
        {!signedIn.value && <pre>npx tsdb token create --scope query me</pre>}
        <p class="hint">{refused}</p>
        <label class="token-field">
          Token
          <input name="token" type="password" autocomplete="off" spellcheck={false} ref={(input) => input?.focus()} />
        </label>
        <p class="hint">It is kept in this tab alone, until the tab is closed.</p>
        <div class="buttons">
          <button type="submit" class="button primary">
            Sign in
          </button>
          {signedIn.value && (
            <button type="button" class="button" onClick={signOut}>
              Forget the token
            </button>
          )}
        </div>
      </form>
    </div>
  )
}
