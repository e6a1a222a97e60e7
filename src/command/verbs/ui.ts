/**
 * `millrace ui`: a page that shows what is in a log and what runs on it, until Ctrl-C.
 */
import { once } from 'node:events'
import { asText, value, valueOr, values } from '../options.ts'
import { whole } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'The page only reads, so you can leave it open while applications run. Anyone who can reach the address sees ' +
    'all records. Without --host, that is this machine alone; any other address needs a token. A token in the ' +
    'variable MILLRACE_TOKEN stays out of the list of processes, where --token is seen. A browser asks you for it ' +
    'once.',
  options: {
    port: valueOr('-p, --port <number>', 'the port to listen on; 0 takes a free one', whole(0), '7070'),
    host: valueOr('--host <address>', 'the address to listen on', asText, '127.0.0.1'),
    token: value('--token <text>', 'what readers must know, at least 16 characters', asText),
    name: values('--name <host>', 'another host name that it is reached by, such as that of a proxy', asText),
  },
  json: 'one object, once it listens: `url` and `port`',
  examples: [
    { does: 'On a free port', line: 'millrace ui --port 0' },
    { does: 'Its address, for a script', line: 'millrace ui --port 0 --json | jq -r .url' },
  ],
  async run({ port, host, token, name }, { openLog, out, say, clock, env, signal }) {
    const { dashboard } = await import('../../dashboard/dashboard.ts')
    const said = env['MILLRACE_TOKEN'] ?? ''
    const known = token ?? (said === '' ? undefined : said)
    await using page = await dashboard(await openLog(), { port, host, token: known, hosts: name, clock })
    await out.facts({ url: page.url, port: page.port }, [['page', page.url]])
    say('Ctrl-C ends it')
    if (!signal.aborted) await once(signal, 'abort')
  },
})
