/**
 * What a browser gets that has to say the token first: a form, without a script.
 */
import type { ServerResponse } from 'node:http'

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>millrace</title>
<main>
<h1>millrace</h1>
<p>This dashboard needs a token.</p>
<form method="get" action="/">
<p><label>Token <input type="password" name="token" required minlength="16" autocomplete="current-password"></label>
<button>Open</button></p>
</form>
</main>
</html>
`

export function replySignIn(response: ServerResponse): void {
  response.writeHead(401, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'www-authenticate': 'Bearer realm="millrace"',
  })
  response.end(page)
}
