// What probes get: whether this process can read its log, and whether what should run does; and no more without the token.
import { MillraceError, type Offset, string, topic } from 'millrace'
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { start } from '../support/applications.ts'
import { ask, describing, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const token = 'a-token-of-24-characters'
const copying = topologyOf((builder) => builder.stream(words).to(topic('copied', { key: string(), value: string() })))

/** What a probe gets, a second after the one before: answers serve for so long. */
async function probe(
  opened: Parameters<typeof ask>[0],
  clock: ManualClock,
  path: string,
): Promise<readonly [number, string]> {
  clock.advance(1_000)
  const { status, text } = await ask(opened, path)
  return [status, text]
}

describe('/healthz', () => {
  test('is ok while the log can be read, and says why not to those who may know', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const opened = await openDashboard(log, { clock })
    expect(await probe(opened, clock, '/healthz')).toEqual([200, 'ok\n'])
    const broken = vi
      .spyOn(log.admin, 'stats')
      .mockRejectedValue(new MillraceError('storage_failed', 'the disk is gone'))
    expect(await probe(opened, clock, '/healthz')).toEqual([503, 'failing\nThe log cannot be read: the disk is gone\n'])
    expect(await probe(opened, clock, '/readyz')).toEqual([503, 'failing\nThe log cannot be read: the disk is gone\n'])
    broken.mockRestore()
    expect(await probe(opened, clock, '/healthz')).toEqual([200, 'ok\n'])
  })

  test('fails when the log is closed', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const opened = await openDashboard(log, { clock })
    await log.close()
    expect((await probe(opened, clock, '/healthz'))[0]).toBe(503)
  })

  test('looks at the log once a second, however many ask', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const opened = await openDashboard(log, { clock })
    const looks = vi.spyOn(log.admin, 'listTopics')
    const samples = vi.spyOn(log.admin, 'describeApplications')
    await Promise.all(Array.from({ length: 20 }, (_, at) => ask(opened, at % 2 === 0 ? '/healthz' : '/readyz')))
    const looked = looks.mock.calls.length
    expect([looked, samples.mock.calls.length]).toEqual([1, 0]) // it has just been sampled
    await probe(opened, clock, '/healthz')
    expect(looks).toHaveBeenCalledTimes(looked + 1)
    await Promise.all(Array.from({ length: 20 }, () => ask(opened, '/readyz')))
    expect(samples).toHaveBeenCalledTimes(1)
  })

  test('makes no sample more often than one is made for those who watch: a sample may take long', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const describeAll = log.admin.describeApplications.bind(log.admin)
    const samples = vi.spyOn(log.admin, 'describeApplications').mockImplementation(() => {
      clock.advance(100) // in which it samples
      return describeAll()
    })
    const opened = await openDashboard(log, { clock })
    const sampled = samples.mock.calls.length
    for (let second = 0; second < 2; second++) await probe(opened, clock, '/readyz')
    // None is needed to see that the log cannot be read.
    vi.spyOn(log.admin, 'listTopics').mockRejectedValueOnce(new Error('the disk is gone'))
    expect(await probe(opened, clock, '/readyz')).toEqual([503, 'failing\nThe log cannot be read: the disk is gone\n'])
    expect(samples).toHaveBeenCalledTimes(sampled)
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
    expect(samples).toHaveBeenCalledTimes(sampled + 1)
  })
})

describe('/readyz', () => {
  test('in the process of an application: ok from its start until it stops, and again when it is back', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const opened = await openDashboard(log, { clock })
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
    const app = await start(log, copying, { applicationId: 'copy' })
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
    await app.close()
    expect(await probe(opened, clock, '/readyz')).toEqual([503, 'failing\ncopy does not run.\n'])
    await start(log, copying, { applicationId: 'copy' })
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
  })

  test('an application that has failed is not ready, and one that is deleted is forgotten', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const opened = await openDashboard(log, { clock })
    const failing = topologyOf((builder) =>
      builder.stream(words).mapValues((): string => {
        throw new Error('no')
      }),
    )
    const app = await start(log, failing, { applicationId: 'fails' })
    expect((await probe(opened, clock, '/readyz'))[0]).toBe(200)
    const stopped = app.stopped.catch(() => undefined)
    await log.producer().send(words, { key: 'k', value: 'v' })
    await stopped
    expect(await probe(opened, clock, '/readyz')).toEqual([503, 'failing\nfails does not run.\n'])
    await app.close().catch(() => undefined)
    await log.admin.deleteApplication('fails')
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
  })

  test('an application that cannot be read is not ready, though the log is', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    await start(log, copying, { applicationId: 'copy' })
    const opened = await openDashboard(log, { clock })
    const broken = vi.spyOn(log.admin, 'describeApplications').mockImplementation(() => {
      throw new MillraceError('format_unknown', 'of a later version')
    })
    expect(await probe(opened, clock, '/healthz')).toEqual([200, 'ok\n'])
    for (const path of ['/readyz', '/readyz?application=copy']) {
      const [status, text] = await probe(opened, clock, path)
      expect([status, text]).toEqual([503, expect.stringContaining('cannot be read: of a later version')])
    }
    broken.mockRestore()
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
  })

  test('those that are named have to run, whether or not they ever have', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const opened = await openDashboard(log, { clock })
    const path = '/readyz?application=copy&application=other'
    expect(await probe(opened, clock, path)).toEqual([
      503,
      'failing\nThere is no live version of copy.\nThere is no live version of other.\n',
    ])
    await start(log, copying, { applicationId: 'copy' })
    await start(log, copying, { applicationId: 'other' })
    const third = await start(log, copying, { applicationId: 'third' })
    expect(await probe(opened, clock, path)).toEqual([200, 'ok\n'])
    await third.close()
    expect(await probe(opened, clock, path)).toEqual([200, 'ok\n'])
    expect(await probe(opened, clock, '/readyz')).toEqual([503, 'failing\nthird does not run.\n'])
  })

  test('one that stands still, or whose process is gone, is not ready, whoever asks; one that lags is', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const app = await start(log, copying, { applicationId: 'copy' })
    await app.close()
    const opened = await openDashboard(log, { clock })
    await log.producer().send(words, { key: 'k', value: 'v' })
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
    const found = await log.admin.describeApplication('copy', { stores: false })
    const instance = { pid: 4_711, host: 'elsewhere', startedMs: 0 }
    const described = vi.spyOn(log.admin, 'describeApplications').mockImplementation(describing({ ...found, instance }))
    const [status, text] = await probe(opened, clock, '/readyz')
    expect([status, text]).toEqual([503, expect.stringMatching(/^failing\ncopy ended without close: pid 4711 .*\n$/)])
    expect((await probe(opened, clock, '/readyz?application=copy'))[0]).toBe(503)
    described.mockImplementation(describing({ ...found, state: 'running', instance }))
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
    // It ran elsewhere: whether it still does is not for this process to say.
    described.mockImplementation(describing(found))
    expect(await probe(opened, clock, '/readyz')).toEqual([200, 'ok\n'])
    const place = { topic: 'words', partition: 0, offset: 0 as Offset }
    const standstill = { kind: 'hangs', ...place, forMs: 90_000, calls: {} } as const
    described.mockImplementation(describing({ ...found, state: 'running', instance, standstill }))
    expect(await probe(opened, clock, '/readyz')).toEqual([503, expect.stringContaining('words/0')])
  })
})

describe('without the token', () => {
  test('a probe learns whether, and not why', async () => {
    const clock = new ManualClock(10_000)
    const { log } = openTestLog(undefined, { clock })
    const opened = await openDashboard(log, { clock, token })
    for (const path of ['/healthz', '/readyz']) expect(await probe(opened, clock, path)).toEqual([200, 'ok\n'])
    const app = await start(log, copying, { applicationId: 'copy' })
    expect(await probe(opened, clock, '/readyz?application=copy')).toEqual([200, 'ok\n'])
    await app.close()
    expect(await probe(opened, clock, '/readyz?application=copy')).toEqual([503, 'failing\n'])
    const authorization = `Bearer ${token}`
    expect(await ask(opened, '/readyz?application=copy', { authorization })).toMatchObject({
      status: 503,
      text: 'failing\ncopy does not run.\n',
    })
    expect(await ask(opened, `/readyz?application=copy&token=${token}`)).toMatchObject({
      status: 503,
      text: 'failing\n',
    })
  })

  test('everything else about a request is judged as ever: host, site and method', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { host: '0.0.0.0', token, hosts: ['pod.example.org'] })
    for (const path of ['/healthz', '/readyz']) {
      for (const host of ['10.1.2.3:7070', '[fd00::7]:7070', 'localhost', 'pod.example.org']) {
        expect([host, (await ask(opened, path, { host })).status]).toEqual([host, 200])
      }
      expect(await ask(opened, path, { host: 'evil.example.org' })).toMatchObject({ status: 403 })
      expect(await ask(opened, path, { origin: 'https://evil.example.org' })).toMatchObject({ status: 403 })
      expect(await ask(opened, path, {}, 'POST')).toMatchObject({ status: 405 })
      expect(await ask(opened, path, {}, 'HEAD')).toMatchObject({ status: 200, text: '' })
    }
    expect(await ask(opened, '/healthz/')).toMatchObject({ status: 401 })
  })
})
