/**
 * `millrace ui`: a page that shows what is in a log and what runs on it, until Ctrl-C.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { asText, flag, value, valueOr, values } from '../options.ts'
import { whole } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'The page only reads, so you can leave it open while applications run. Anyone who can reach the address sees ' +
    'all records. Without --host, that is this machine alone; any other address needs a token. A token in the ' +
    'variable MILLRACE_TOKEN stays out of the list of processes, where --token is seen. A browser asks you for it ' +
    'once.\n\n' +
    'With --allow-changes the page can also make changes, such as sending dead letters again; it asks before each. ' +
    'This always needs a token: if you give none, the command makes one and prints a link that signs your browser in.',
  options: {
    port: valueOr('-p, --port <number>', 'the port to listen on; 0 takes a free one', whole(0), '7070'),
    host: valueOr('--host <address>', 'the address to listen on', asText, '127.0.0.1'),
    token: value('--token <text>', 'what readers must know, at least 16 characters', asText),
    allowChanges: flag('--allow-changes', 'let the page make changes, for those who have the token'),
    name: values('--name <host>', 'another host name that it is reached by, such as that of a proxy', asText),
  },
  json: 'one object, once it listens: `url`, `port`, and `signIn` if it made a token',
  examples: [
    { does: 'On a free port', line: 'millrace ui --port 0' },
    { does: 'On a free port, with changes allowed', line: 'millrace ui --port 0 --allow-changes' },
    { does: 'Its address, for a script', line: 'millrace ui --port 0 --json | jq -r .url' },
  ],
  async run({ port, host, token, name, allowChanges }, { openLog, out, say, clock, env, signal }) {
    const { dashboard } = await import('../../dashboard/dashboard.ts')
    const said = env['MILLRACE_TOKEN'] ?? ''
    const given = token ?? (said === '' ? undefined : said)
    const made = allowChanges && given === undefined ? randomBytes(24).toString('base64url') : undefined
    const log = await openLog(allowChanges ? 'write' : 'read')
    const known = { token: given ?? made, allowChanges }
    await using page = await dashboard(log, { port, host, hosts: name, clock, ...known })
    const { url } = page
    const signIn = made === undefined ? undefined : `${url}?token=${made}`
    const link = signIn === undefined ? [] : [['sign in', signIn] as const]
    await out.facts({ url, port: page.port, ...(signIn !== undefined && { signIn }) }, [['page', url], ...link])
    say('Ctrl-C ends it')
    if (!signal.aborted) await once(signal, 'abort')
  },
})
