// The code of one version never runs on the state of another, and who loses the right to commit is told why.
import { ManualClock } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { applicationKey, type ApplicationRow, encodeApplication } from '../../src/log/kept/application-rows.ts'
import { besideName } from '../../src/log/kept/version-name.ts'
import { start, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { openSession } from '../support/sessions.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const copying = topologyOf((builder) => builder.stream(input).to(output))
const v2 = besideName({ applicationId: 'app', version: 'v2' })

/** Stores a changed row, as an act of administration does. */
function change({ environment, applications }: EmbeddedLog, facts: Partial<ApplicationRow>, name = 'app'): void {
  environment.write((transaction) => {
    const row = applications.find(name) ?? applications.find('app')
    if (row === undefined) throw new Error('no application')
    transaction.put('applications', applicationKey(name), encodeApplication({ ...row, ...facts }))
  })
}

describe('startStreams', () => {
  test('calls the first version v1, and stores which one runs and since when', async () => {
    const { log, embedded } = openTestLog(undefined, { clock: new ManualClock(77) })
    await start(log, copying)
    const row = { applicationId: 'app', version: 'v1', startedMs: 77, switches: 0, retired: null }
    expect(embedded.applications.find('app')).toMatchObject(row)
    await start(log, copying, { applicationId: 'other', version: 'v9' })
    expect(embedded.applications.find('other')).toMatchObject({ ...row, applicationId: 'other', version: 'v9' })
  })

  test('refuses a version that nobody has begun, and says which is live', async () => {
    const { log } = openTestLog()
    const app = await start(log, copying)
    const unknown = { code: 'version_unknown', message: expect.stringContaining('"v1" as its live version') }
    expect(await rejectionOf(start(log, copying, { version: 'v2' }))).toMatchObject(unknown)
    expect(app.state).toBe('running')
    await (await start(log, copying, { version: 'v1' })).caughtUp()
  })

  test('refuses a version that stands beside the live one, or beside none', async () => {
    const { log, embedded } = openTestLog()
    await start(log, copying)
    change(embedded, { version: 'v2' }, v2)
    const refused = { code: 'superseded', message: expect.stringContaining('replay()') }
    expect(await rejectionOf(start(log, copying, { version: 'v2' }))).toMatchObject(refused)
    embedded.environment.write((transaction) => transaction.remove('applications', applicationKey('app')))
    expect(await rejectionOf(start(log, copying, { version: 'v2' }))).toMatchObject(refused)
  })

  test('refuses code that does not say its version once there was a switch', async () => {
    const { log, embedded } = openTestLog()
    await (await start(log, copying)).close()
    change(embedded, { version: 'v2', switches: 1 })
    change(embedded, { version: 'v1' }, besideName({ applicationId: 'app', version: 'v1' }))
    const refused = { code: 'superseded', message: expect.stringContaining("{ version: 'v2' }") }
    expect(await rejectionOf(start(log, copying))).toMatchObject(refused)
    expect(await rejectionOf(start(log, copying, { version: 'v1' }))).toMatchObject({ code: 'superseded' })
    await (await start(log, copying, { version: 'v2' })).caughtUp()
    expect(embedded.applications.find('app')).toMatchObject({ version: 'v2', switches: 1 })
  })

  test('goes on where an instance that would yield is opened, and that one is told', async () => {
    const { log, embedded } = openTestLog()
    const app = await start(log, copying)
    const yielding = { applicationId: 'app', version: 'v1', yields: true }
    expect(errorOf(() => openSession(embedded, yielding))).toMatchObject({ code: 'fenced' })
    await app.caughtUp()
    await app.close()
    await openSession(embedded, yielding).close()
  })

  test('refuses what cannot be the name of a version', async () => {
    const { log } = openTestLog()
    for (const version of ['', 'v@2', 'a b', '..'])
      expect(await rejectionOf(start(log, copying, { version }))).toMatchObject({ code: 'bad_option' })
  })
})

describe('an instance whose epoch was retired', () => {
  test.each(['superseded', 'application_deleted', 'application_reset'] as const)(
    'stops with %s at once while it is idle, and at its next commit',
    async (retired) => {
      const { log, embedded } = openTestLog()
      const retire = (): void => change(embedded, { retired, epoch: 1_000 })
      const idle = await start(log, copying)
      await idle.caughtUp()
      retire()
      expect(await rejectionOf(idle.stopped)).toMatchObject({ code: retired })
      const app = await start(log, copying)
      await log.producer().send(input, { key: 'a', value: 'x', timestamp: 1 })
      retire()
      expect(await rejectionOf(app.stopped)).toMatchObject({ code: retired })
    },
  )

  test('stops with application_deleted when its row is gone', async () => {
    const { log, embedded } = openTestLog()
    const app = await start(log, copying)
    embedded.environment.write((transaction) => transaction.remove('applications', applicationKey('app')))
    expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'application_deleted' })
  })

  test('is told fenced by what has started since', async () => {
    const { log, embedded } = openTestLog()
    const older = await start(log, copying)
    change(embedded, { retired: 'application_reset', epoch: 1_000 })
    const newer = await start(log, copying)
    await newer.caughtUp()
    await until(() => older.state === 'failed')
    expect(embedded.applications.find('app')?.retired).toBeNull()
  })
})
