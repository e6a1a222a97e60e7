/**
 * What a browser gets that has to say the token first: a form, without a script. What the address asked for beside the
 * token goes with it, so that a link which someone sent leads where it should.
 */
import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'

const style = `
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif }
body { max-width: 360px; margin: 18vh auto; padding: 0 16px }
h1 { font-size: 20px }
form { display: flex; flex-wrap: wrap; align-items: end; gap: 8px }
label { flex: 1; display: flex; flex-direction: column; gap: 2px }
input, button { font: inherit; min-height: 36px; padding: 3px 10px; box-sizing: border-box }
`

const policy =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; ` +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

export function replySignIn(response: ServerResponse, query: URLSearchParams): void {
  response.writeHead(401, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'cache-control': 'no-store',
    'www-authenticate': 'Bearer realm="millrace"',
  })
  response.end(page(query))
}

/** The form leads to the address that it stands at: a path needs no place in it. */
function page(query: URLSearchParams): string {
  const asked = [...query].filter(([name]) => name !== 'token')
  const kept = asked.map(([name, value]) => `<input type="hidden" name="${quoted(name)}" value="${quoted(value)}">`)
  const why = query.has('token') ? 'That is not the token of this dashboard.' : 'This dashboard needs a token.'
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>millrace</title>
<style>${style}</style>
<main>
<h1>millrace</h1>
<p role="status">${why}</p>
<form method="get">${kept.join('')}
<label>Token
<input type="password" name="token" required minlength="16" autocomplete="current-password" autofocus></label>
<button>Open</button>
</form>
</main>
</html>
`
}

/** As it may stand between double quotes. */
function quoted(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
