// What is done to a version beside the live one from the page: what was agreed to, or nothing.
import { int64, string, topic } from 'millrace'
import { expect, test, vi } from 'vitest'
import type { ActView, ErrorView } from '../../src/dashboard/views.ts'
import { start, until } from '../support/applications.ts'
import { countOf } from '../support/counting-versions.ts'
import { ask, change, changing, openDashboard, token } from '../support/dashboards.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'
import { besideLive } from '../support/versions-apart.ts'

async function world() {
  const versions = await besideLive('a')
  const opened = await openDashboard(versions.log, { token, allowChanges: true })
  const act = (what: string, body: object = {}) => change<ActView & ErrorView>(opened, `/api/replays/app/${what}`, body)
  return { ...versions, opened, act }
}

test('it is paused, and goes on', async () => {
  const { v2, act } = await world()
  expect(await act('v2/pause')).toEqual({ status: 200, body: { did: 'v2 of app is paused until it is resumed.' } })
  await until(() => v2.progress().state === 'paused')
  expect(await act('v2/resume')).toEqual({ status: 200, body: { did: 'v2 of app goes on.' } })
  await until(() => v2.progress().state === 'following')
})

test('it becomes the live version by the plan that was agreed to, once, and the other one comes back', async () => {
  const { log, live, v2, act } = await world()
  const body = { number: 1, outputs: 'replace', reset: [] }
  expect(await act('v2/switch', { ...body, number: 2 })).toMatchObject({
    status: 409,
    body: { error: { code: 'switch_refused' } },
  })
  expect(live.state).toBe('running')
  const both = await Promise.all([act('v2/switch', body), act('v2/switch', body)])
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400]) // the second finds it live already
  expect(both.find(({ status }) => status === 200)?.body.did).toBe(
    'v2 of app is the live version, and v1 is kept beside it.',
  )
  expect(await rejectionOf(live.stopped)).toMatchObject({ code: 'superseded' })
  await until(() => countOf(log, 'a') === 10)
  expect(await act('v1/switch', { number: 1 })).toMatchObject({ status: 409 })
  expect(await act('v1/switch', { number: 2 })).toMatchObject({ status: 200 })
  expect(await rejectionOf(v2.stopped)).toMatchObject({ code: 'superseded' })
  expect(countOf(log, 'a')).toBe(1)
})

test('it becomes that by no other plan: a switch that comes between is seen in the transaction', async () => {
  const { log, act } = await world()
  const switchVersion = log.admin.switchVersion.bind(log.admin)
  vi.spyOn(log.admin, 'switchVersion').mockImplementationOnce(async (...asked) => {
    await switchVersion('app', 'v2', { outputs: 'replace' })
    await log.admin.switchBack('app')
    return switchVersion(...asked)
  })
  expect(await act('v2/switch', { number: 1, outputs: 'replace' })).toMatchObject({
    status: 409,
    body: { error: { code: 'switch_refused', message: expect.stringContaining('number 3, not 1') as string } },
  })
  expect(countOf(log, 'a')).toBe(1)
})

test('what is in the way of a switch is an answer, and an application that reads the topics may start over', async () => {
  const { log, live, act } = await world()
  const counted = topic('counted', { key: string(), value: int64() })
  const reading = topologyOf((builder) =>
    builder.stream(counted).to(topic('further', { key: string(), value: int64() })),
  )
  const reader = await start(log, reading, { applicationId: 'reader' })
  await reader.caughtUp()
  await reader.close()
  const body = { number: 1, outputs: 'replace' }
  const refused = await act('v2/switch', body)
  expect([refused.status, refused.body.error.code]).toEqual([409, 'switch_refused'])
  expect(live.state).toBe('running')
  expect((await act('v2/switch', { ...body, reset: ['reader'] })).status).toBe(200)
})

test('it is dropped once it does not run, and is gone then', async () => {
  const { log, v2, act } = await world()
  expect(await act('v2/drop')).toMatchObject({ status: 409, body: { error: { code: 'application_running' } } })
  await v2.close()
  expect(await act('v2/drop')).toEqual({ status: 200, body: { did: 'v2 of app is deleted.' } })
  expect((await log.admin.applications())[0]?.versions.map(({ version }) => version)).toEqual(['v1'])
  for (const what of ['pause', 'resume', 'drop', 'switch']) {
    expect([what, (await act(`v2/${what}`, { outputs: 'replace' })).status]).toEqual([what, 404])
    expect([what, (await act(`v1/${what}`, { outputs: 'replace' })).status]).toEqual([what, 400])
  }
})

test('what makes no sense is refused, and so is everything where changes are not allowed', async () => {
  const { log, live, act } = await world()
  for (const body of [
    { outputs: 'replace' },
    { number: '1', outputs: 'replace' },
    { number: 1 },
    { number: 1, outputs: 'all' },
    { number: 1, outputs: 7 },
    { number: 1, outputs: 'replace', reset: 'reader' },
    { number: 1, outputs: 'replace', reset: [7] },
    { number: 1, outputs: 'replace', patienceMs: 0 },
  ]) {
    expect([body, (await act('v2/switch', body)).status]).toEqual([body, 400])
  }
  const reading = await openDashboard(log, { token })
  for (const what of ['pause', 'resume', 'drop', 'switch']) {
    const path = `/api/replays/app/v2/${what}`
    expect([what, (await change<ErrorView>(reading, path, {})).body.error.code]).toEqual([what, 'changes_off'])
    expect([what, (await ask(reading, path, changing)).status]).toEqual([what, 405]) // by GET
  }
  expect(live.state).toBe('running')
})
