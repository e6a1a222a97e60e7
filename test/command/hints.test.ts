// What the library says of versions and changed topologies to programs, the command says in its own words.
import { type Log, replay } from 'millrace'
import { expect, test } from 'vitest'
import { inWordsOfTheCommand } from '../../src/command/hints.ts'
import { applicationLogOf } from '../../src/log/contract.ts'
import { compareWithLive } from '../../src/replay/compare-with-live.ts'
import { start } from '../support/applications.ts'
import { applicationId, counting, say, twoVersions } from '../support/counting-versions.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const copying = topologyOf((builder) => builder.stream(words).foreach(() => undefined))

const acts: readonly (readonly [string, (log: Log) => unknown, said: readonly string[]])[] = [
  [
    'a topology that has changed',
    (log) => start(log, copying),
    ['"millrace app drop-operator" removes it', 'with "millrace replay start", then "millrace replay switch"'],
  ],
  ['a start of a version beside', (log) => start(log, counting(10), { version: 'v2' }), ['"millrace replay start"']],
  ['a start of no version', (log) => start(log, counting(10), { version: 'v9' }), ['"millrace replay start"']],
  [
    'a live version that is dropped',
    (log) => log.admin.deleteVersion(applicationId, 'v1'),
    ['"millrace replay switch" or "millrace replay back"'],
  ],
  [
    'a switch that is refused',
    async (log) => {
      await log.admin.pauseVersion(applicationId, 'v2')
      await log.admin.switchVersion(applicationId, 'v2', { outputs: 'correct' })
    },
    ['with --outputs replace', 'or --outputs continue'],
  ],
  [
    'a comparison with one that lags',
    async (log) => {
      await log.admin.pauseVersion(applicationId, 'v2')
      await say(log, 'a')
      while ((await log.admin.applications())[0]?.lag !== 0) await new Promise(setImmediate)
      await compareWithLive(applicationLogOf(log), { applicationId, version: 'v2' }, { patienceMs: 0 })
    },
    ['more --patience'],
  ],
  [
    'a start without a version after a switch',
    async (log) => {
      await log.admin.switchVersion(applicationId, 'v2', { outputs: 'continue' })
      await start(log, counting(10))
    },
    ['--version v2 if it is that one'],
  ],
  [
    'a replay of the live version',
    (log) => replay(counting(1), { log, applicationId, version: 'v1' }),
    ['give the new version a name of its own'],
  ],
]

test.each(acts)('%s', async (_, act, said) => {
  const { log, old } = await twoVersions('a')
  old.stopped.catch(() => undefined)
  const { message } = await rejectionOf(Promise.resolve(act(log)))
  const shown = inWordsOfTheCommand(message)
  for (const words of said) expect(shown).toContain(words)
  expect(shown).not.toMatch(/\w\(\)|startStreams|patienceMs|\{ (outputs|version):/)
})
