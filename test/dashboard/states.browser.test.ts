// What a view says when it has nothing to show yet, nothing at all, no answer, or what is gone: each of them, in a browser.
import { join } from 'node:path'
import { int64, keyValueStore, type Log, openLog, startStreams, StreamsBuilder, string, topic } from 'millrace'
import { dashboard } from 'millrace/dashboard'
import type { Page, Response, Route } from 'playwright-core'
import { expect, onTestFinished, vi } from 'vitest'
import { checkBarriers, checkLook, hold, openPage, test, waitMs } from '../support/pages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const words = topic('words', { key: string(), value: string() })
const counts = keyValueStore('counts', { key: string(), value: int64() })

interface World {
  readonly log: Log
  readonly page: Page
  readonly go: (path: string) => Promise<void>
  /** Ends the application, so that it can be deleted. */
  readonly stop: () => Promise<void>
}

/** A log with a topic, a group and an application that has counted its records. */
async function world(records: number): Promise<World> {
  const log = await openLog(join(temporaryDirectory(), 'data'), { maintenance: false })
  const values = Array.from({ length: records }, (_, at) => ({ key: `key ${at}`, value: 'x' }))
  await log.admin.createTopic({ name: 'words' })
  await log.admin.createTopic({ name: 'unread' })
  await log.producer().sendMany(words, values)
  if (records > 0) await log.admin.resetOffsets('billing', { topics: ['words'], to: 'earliest' })
  const builder = new StreamsBuilder()
  builder.stream(words).groupByKey().count({ store: counts })
  const app = await startStreams(builder.build(), { log, applicationId: 'counting' })
  await app.caughtUp()
  const opened = await dashboard(log, { port: 0 })
  onTestFinished(async () => {
    await opened.close()
    await app.close()
    await log.close()
  })
  return { log, ...(await openPage(opened)), stop: () => app.close() }
}

/** Each view with what it asks for, and what it shows when it has that. */
const views = [
  { path: '/', asks: '**/api/live', shows: 'Applications' },
  { path: '/topics', asks: '**/api/live', shows: 'Topics' },
  { path: '/groups', asks: '**/api/live', shows: 'Groups' },
  { path: '/applications/counting/v1', asks: '**/api/live?*', shows: 'Positions' },
  { path: '/applications/counting/v1', asks: '**/stores', shows: 'counts' },
  { path: '/topics/words', asks: '**/api/topics/words', shows: 'Partitions' },
  { path: '/topics/words', asks: '**/api/topics/words/records*', shows: 'key 1' },
  { path: '/topics/words?record=0/1', asks: '**/api/topics/words/records/0/1', shows: '0/1' },
  { path: '/stores/counting/counts', asks: '**/api/stores/**', shows: 'key 1' },
  { path: '/groups/billing', asks: '**/api/groups/billing', shows: 'Positions' },
] as const

test('each view says that it is reading until it has something to show', async () => {
  const { page, go } = await world(3)
  for (const { path, asks, shows } of views) {
    const release = await hold(page, asks)
    await go(path)
    await page.locator('.notice.loading').first().waitFor()
    await checkBarriers(page, `${path} without ${asks}`)
    await release()
    await page.locator('main').getByText(shows).first().waitFor()
    await expect.poll(() => page.locator('.notice.loading').count(), { timeout: waitMs }).toBe(0)
  }
})

test('each view says what went wrong where it gets no answer, and comes back by itself', async () => {
  const { page, go } = await world(3)
  for (const { path, asks, shows } of views.filter((one) => !one.asks.includes('live'))) {
    const why = 'the disk is gone'
    const fail = (route: Route): Promise<void> =>
      route.fulfill({ status: 500, json: { error: { code: 'failed', message: why } } })
    await page.route(asks, fail)
    await go(path)
    await page.locator('.notice.broken', { hasText: why }).first().waitFor()
    await checkBarriers(page, `${path} without ${asks}`)
    await page.unroute(asks, fail)
    // No answer at all is what a page meets whose server is away for a moment: it asks again.
    const drop = (route: Route): Promise<void> => route.abort('connectionrefused')
    await page.route(asks, drop)
    await page.reload()
    await page.locator('.notice.broken', { hasText: 'keeps trying' }).first().waitFor()
    await page.unroute(asks, drop)
    await page.locator('main').getByText(shows).first().waitFor()
    await expect.poll(() => page.locator('.notice.broken').count(), { timeout: waitMs }).toBe(0)
  }
})

test('a topic that is followed is followed again after the dashboard had no room for one more', async () => {
  const { log, page, go } = await world(0)
  const tail = '**/api/topics/words/tail*'
  const isTail = (response: Response): boolean => response.url().includes('/words/tail')
  const refuse = (route: Route): Promise<void> =>
    route.fulfill({ status: 503, json: { error: { code: 'busy', message: 'no room' } } })
  await page.route(tail, refuse)
  const refused = page.waitForResponse((response) => isTail(response) && response.status() === 503)
  await go('/topics/words?tail=1')
  await refused
  const admitted = page.waitForResponse((response) => isTail(response) && response.status() === 200)
  await page.unroute(tail, refuse)
  await admitted
  await log.producer().send(words, { key: 'after all', value: 'x' })
  await page.locator('main').getByText('after all').first().waitFor()
})

test('a log that cannot be read is told at the top, with what to do, beside what was seen last', async () => {
  const { log, page, go } = await world(3)
  await go('/')
  await page.getByRole('link', { name: 'words' }).waitFor()
  const broken = vi.spyOn(log.admin, 'stats').mockRejectedValue(new Error('the disk is gone'))
  await page.locator('.trouble.broken', { hasText: 'The log cannot be read: the disk is gone' }).waitFor()
  await page.getByRole('link', { name: 'words' }).waitFor()
  await checkLook(page, 'unreadable')
  broken.mockRestore()
  await expect.poll(() => page.locator('.trouble.broken').count(), { timeout: waitMs }).toBe(0)
})

test('each view that has nothing to show says what would be there', async () => {
  const { page, go } = await world(0)
  for (const [path, says] of [
    ['/topics/words', 'No records yet.'],
    ['/topics/unread', 'No group or application has a position in it.'],
    ['/stores/counting/counts', 'No rows here.'],
    ['/applications/counting/v1', 'Nothing was dropped, and nothing failed.'],
  ] as const) {
    await go(path)
    await page.getByText(says).first().waitFor()
    await checkLook(page, says)
  }
})

test('what is deleted while it is looked at is said to be gone', async () => {
  const { log, page, go, stop } = await world(3)
  await go('/groups/billing')
  await page.getByRole('region', { name: 'Positions table' }).waitFor()
  await log.admin.deleteGroup('billing')
  await page.locator('.notice.gone').waitFor()
  await go('/topics/words')
  await page.getByRole('region', { name: 'Records table' }).waitFor()
  await go('/stores/counting/counts')
  await page.getByRole('region', { name: 'Rows table' }).waitFor()
  await stop()
  await log.admin.deleteApplication('counting')
  await page.locator('.notice.gone').waitFor()
  await checkLook(page, 'a store that is gone')
  await go('/topics/words')
  await page.getByRole('region', { name: 'Records table' }).waitFor()
  await log.admin.deleteTopic('words')
  await page.locator('.notice.gone').waitFor()
  await checkLook(page, 'a topic that is gone')
})

test('an application that is deleted while it is looked at is said to be gone', async () => {
  const { log, page, go, stop } = await world(3)
  await go('/applications/counting/v1')
  await page.getByRole('region', { name: 'Positions table' }).waitFor()
  await stop()
  await log.admin.deleteApplication('counting')
  await page.locator('.notice.gone').waitFor()
  await checkLook(page, 'an application that is gone')
})
