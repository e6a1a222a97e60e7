// The small examples print what they promise, also when they are run again.
import { once } from 'node:events'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { until } from '../support/applications.ts'
import { type Outcome, runExample, startExample } from '../support/example.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const replayPage = readFileSync(new URL('../../docs/replay.md', import.meta.url), 'utf8')

const printed: Readonly<Record<string, string>> = {
  'hello-log': `durable at clicks[0] offset 0
2 more in one commit
0:0 203.0.113.7 / 200
1:0 198.51.100.4 / 404
0:1 203.0.113.7 /cart 200
`,
  'word-count': `every update, as it was written:
  the 1
  mill 1
  turns 1
  the 2
  race 1
  runs 1
  and 1
  the 3
  mill 2
  race 2
  turns 2
  the 4
  mill 3
the table, as it stands:
  and 1
  mill 3
  race 2
  runs 1
  the 4
  turns 2
`,
  'test-driver': `every visit updates the count of its minute
a visit may come out of order while the grace lasts
later than that, it is dropped and counted
a crash loses no count
`,
  'bounded-job': `AT 6.40
DE 184.05
FR 52.70
IT 178.99
`,
  'custom-serde': `cellar { celsius: -0.5, humidity: 71.2 }
kitchen { celsius: 24.1, humidity: 38.5 }
dead letter cellar Uint8Array(3) [ 1, 2, 3 ]
`,
  'async-enrichment': `order-0 0 low
order-1 137 low
order-2 274 low
order-3 411 low
order-4 548 high
20 of 20 orders rated, in order; 20 ratings made
`,
  enrichment: `Ada ordered lamp
somebody ordered desk
Bulb by Lumen
Lamp by Lumen
the brand has a new name: Lamp by Lumen & Sons, Bulb by Lumen & Sons
`,
  dedupe: `hour 0: e1, ann gets 5
hour 2: e2, bob gets 1.2
hour 2: e3, ann gets 7
hour 30: e1, ann gets 5
dropped: { duplicate: 2 }
`,
  replay: /The program prints:\n\n```text\n(.*?)^```$/ms.exec(replayPage)?.[1] ?? 'docs/replay.md does not say',
  opentelemetry: `millrace commit {
  'millrace.application': 'orders-per-buyer',
  'millrace.version': 'v1',
  'millrace.records': 3
}
millrace.consumed: 3
millrace.dropped: 1
millrace.commit.duration: 1 measured
`,
  fraud: `card-1: Lisbon, then Riga
`,
  schema: `encode_failed: cannot encode the value with json: email: Invalid email address
encode_failed: cannot encode the value with msgpack: cents: Invalid integer: Received 0.5
ann TEAM
ann 49 EUR
`,
}

const outcomeOf = (name: string): Outcome => ({ code: 0, signal: null, stdout: printed[name] ?? '', stderr: '' })

/** A directory to start examples in, as the root of the repository is one. */
function checkout(): string {
  const dir = temporaryDirectory()
  symlinkSync(examples, join(dir, 'examples'))
  return dir
}

test.each(Object.keys(printed))('%s', async (name) => {
  expect(await runExample(name, [], { cwd: checkout() })).toEqual(outcomeOf(name))
})

test.each(['hello-log', 'word-count'])('%s, started as its page says, and again', async (name) => {
  const cwd = checkout()
  for (let run = 0; run < 2; run++) expect(await runExample(name, [], { cwd, withTsx: true })).toEqual(outcomeOf(name))
})

test('pino writes each event of an application, as loud as it is, and errors as pino writes them', async () => {
  const { code, stdout, stderr } = await runExample('pino')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  const common = { applicationId: 'orders-per-buyer', version: 'v1' }
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { ...common, level: 30, msg: 'millrace:start', lag: 3 },
    { ...common, level: 40, msg: 'millrace:retry', attempt: 1, err: { code: 'user_function_threw', offset: 0 } },
    { ...common, level: 40, msg: 'millrace:drop', reason: 'null_key', records: 1 },
    { ...common, level: 30, msg: 'millrace:close' },
  ])
})

test('crash-and-resume is killed in the middle of its work, and loses and doubles nothing', async () => {
  const { code, stdout, stderr } = await runExample('crash-and-resume')
  const [killed, ...later] = stderr.trim().split('\n')
  expect(killed).toMatch(/^SIGKILL after [1-4]?\d{1,4} updates$/)
  expect(later.at(-1)).toBe('exit 0 after 50000 updates')
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: [5_000, 10_000, 10_000, 10_000, 10_000, 5_000]
      .map((squares, index) => `${squares} squares end in ${[0, 1, 4, 9, 6, 5][index]}\n`)
      .join(''),
  })
})

test('http-queries answers from its state until Ctrl-C', async () => {
  const { child, ended } = startExample('http-queries')
  const [pages] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const answerTo = async (path: string, method = 'GET'): Promise<readonly [number, unknown]> => {
    const response = await fetch(`${pages}${path}`, { method })
    return [response.status, await response.json()]
  }

  expect(await answerTo('/home')).toEqual([404, { error: 'nobody was there' }])
  for (let visit = 0; visit < 3; visit++) {
    expect(await answerTo('/home', 'POST')).toEqual([201, { topic: 'visits', partition: 0, offset: visit }])
  }
  await until(async () => JSON.stringify(await answerTo('/home')) === '[200,{"page":"home","visited":3}]')
  expect(await answerTo('')).toEqual([200, { home: 3 }])
  expect(await answerTo('/home', 'DELETE')).toEqual([405, { error: 'GET or POST' }])

  child.kill('SIGINT')
  expect(await ended).toEqual({ code: 0, signal: null, stdout: `${pages}\n`, stderr: '' })
})
