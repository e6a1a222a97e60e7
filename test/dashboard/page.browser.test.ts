// The page in a real browser, over real applications: each view, what is live, and what is there when nothing is.
import { join } from 'node:path'
import { bytes, json, nullable, openLog, string, topic, type Log } from 'millrace'
import { dashboard, type Dashboard } from 'millrace/dashboard'
import type { Page, Request } from 'playwright-core'
import { describe, expect } from 'vitest'
import { checkAddress, checkBarriers, checkLook, hold, openPage, picture, test, waitMs } from '../support/pages.ts'
import { type Program, startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface World {
  readonly page: Page
  readonly log: Log
  readonly shop: Program
  readonly opened: Dashboard
  readonly go: (path: string) => Promise<void>
}

const clicks = topic('clicks', { key: string(), value: json() })
const raw = topic('raw', { key: nullable(bytes()), value: nullable(bytes()) })
const strange = '\u001b[31m<script>globalThis.pwned = 1</script>\u202e<img src=x onerror="globalThis.pwned = 1">'

/** A log with an application that runs in another process, a group that lags, and a dashboard. */
async function world(): Promise<World> {
  const dir = join(temporaryDirectory(), 'data')
  const shop = startProgram('run-shop', [dir])
  expect(await shop.line()).toBe('caught up')
  const log = await openLog(dir, { maintenance: false })
  await log
    .producer()
    .send(raw, { key: Buffer.from(strange), value: Buffer.from(strange), headers: [{ key: strange, value: strange }] })
  await log.admin.resetOffsets('billing', { topics: ['clicks'], to: { offset: 10 } })
  const opened = await dashboard(log, { port: 0 })
  const { page, go } = await openPage(opened)
  return { page, log, shop, opened, go }
}

describe('with an application that runs', () => {
  test('each view shows what there is, live, and the end of the process too', async () => {
    const { page, go, shop, log, opened } = await world()

    // Overview: what runs, what lags, what is passed over, what is in it.
    await go('/')
    const row = page.getByRole('row', { name: /page-counts v1/ })
    await row.getByText('running').waitFor()
    await page.getByRole('row', { name: /^clicks/ }).waitFor()
    await page.getByText('Group billing has no members').waitFor()
    await page.getByText(/passed over \d+ records that failed/).waitFor()
    for (const chart of ['processed', 'lag in time', 'dropped and failed', 'disk in use']) {
      await page.locator('.chart', { hasText: chart }).waitFor()
    }
    const records = page
      .getByRole('row', { name: /^clicks/ })
      .getByRole('cell')
      .nth(3)
    const before = await records.textContent()
    await expect.poll(() => records.textContent(), { timeout: waitMs }).not.toBe(before) // though it was not loaded again
    await checkLook(page, 'overview')
    await picture(page, 'overview', { width: 1_100, height: 700 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await picture(page, 'overview-narrow', { width: 390, height: 800 })
    await page.emulateMedia({ colorScheme: 'light' })

    // The application: its topology, and what is known of a node.
    await row.getByRole('link').click()
    await page.getByRole('heading', { name: /page-counts/ }).waitFor()
    await checkAddress(page, '/applications/page-counts/v1')
    const graph = page.getByRole('region', { name: 'Topology graph' })
    for (const node of ['clicks', 'served', 'by-page', 'count-pages', 'page-totals', 'page-counts']) {
      await graph.getByText(node, { exact: true }).first().waitFor()
    }
    await graph.getByText('sub-topology 1').waitFor()
    await graph.locator('.rate').first().waitFor() // records a second, on an edge
    await graph
      .locator('.late')
      .filter({ hasText: /late \d/ })
      .first()
      .waitFor()
    await checkLook(page, 'application')
    await picture(page, 'application', { width: 1_280, height: 900 })
    // By keyboard: along the graph from its source, and into a node, which shows what is known of it.
    const focused = (): Promise<string> => page.evaluate<string>('document.activeElement.dataset.node')
    await graph.getByRole('link', { name: /^clicks/ }).focus()
    const walked: string[] = []
    for (let step = 0; step < 5; step++) {
      await page.keyboard.press('ArrowRight')
      walked.push(await focused())
    }
    expect(new Set(walked).size).toBeGreaterThan(2)
    await graph.getByRole('link', { name: /count-pages/ }).press('Enter')
    await page.getByRole('heading', { name: /count-pages/ }).waitFor()
    await checkAddress(page, /[?]node=count-pages$/)
    await page.getByRole('region', { name: 'Rows of page-totals table' }).getByRole('cell', { name: '/cart' }).waitFor()
    await checkLook(page, 'node')
    await page
      .getByRole('row', { name: /count-windows|by-page/ })
      .first()
      .waitFor()

    // A store, and the way there and back.
    await page.locator('.panel').getByRole('link', { name: 'page-totals' }).click()
    const shown = page.getByRole('region', { name: 'Rows table' })
    await shown.getByRole('cell', { name: '/cart' }).waitFor()
    await page.getByLabel('key', { exact: true }).fill('/help')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.waitForURL(/key=%2Fhelp/)
    const rows = shown.getByRole('row')
    await expect.poll(() => rows.count(), { timeout: waitMs }).toBe(2)
    await checkLook(page, 'store')
    await page.goBack()
    await shown.getByRole('cell', { name: '/cart' }).waitFor()
    await go('/stores/page-counts/page-windows')
    await expect.poll(() => rows.count(), { timeout: waitMs }).toBeGreaterThan(5)

    // Its windows over time, by keyboard; what changes in them, until it is paused; one of them alone.
    const bars = page.getByRole('group', { name: /Windows over time/ }).getByRole('link')
    await expect.poll(() => bars.count(), { timeout: waitMs }).toBeGreaterThan(5)
    await bars.first().focus()
    const named = (): Promise<string> => page.evaluate<string>('document.activeElement.getAttribute("aria-label")')
    const first = await named()
    await page.keyboard.press('ArrowDown')
    expect((await named()).split(',')[0]).not.toBe(first.split(',')[0])
    await page.getByRole('region', { name: 'Changes table' }).getByRole('row').nth(2).waitFor()
    await checkLook(page, 'windows')
    await picture(page, 'windows', { width: 1_280, height: 900 })
    const release = await hold(page, '**/api/stores/**')
    await page.waitForRequest('**/api/stores/**')
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused.').waitFor()
    const paused = await rows.allTextContents()
    const answered = page.waitForResponse('**/api/stores/**')
    await release()
    await (await answered).finished()
    await page.evaluate('new Promise(requestAnimationFrame)')
    expect(await rows.allTextContents()).toEqual(paused) // though an answer was under way
    const chosen = await bars.first().getAttribute('aria-label')
    await bars.first().press('Enter')
    await page.waitForURL(/fromTime=/)
    await expect.poll(() => rows.count(), { timeout: waitMs }).toBe(2)
    expect(chosen).toContain(await rows.nth(1).getByRole('cell').first().textContent())

    // A topic: search, a record in full, and live.
    await go('/topics/clicks')
    await page.getByRole('region', { name: 'Records table' }).waitFor()
    await checkLook(page, 'topic')
    await page.getByLabel('key', { exact: true }).fill('10.0.0.3')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.waitForURL(/key=10.0.0.3/)
    await expect
      .poll(async () => new Set(await page.locator('tbody tr td:nth-child(3)').allTextContents()).has('10.0.0.3'), {
        timeout: waitMs,
      })
      .toBe(true)
    await page.getByRole('region', { name: 'Records table' }).getByRole('link').first().click()
    await page.locator('.record').getByText('source').waitFor()
    await page.locator('.record').getByText('bytes', { exact: true }).first().click()
    await page.getByRole('region', { name: 'Bytes of the key' }).waitFor()
    await checkLook(page, 'record')
    await page.getByRole('link', { name: 'Newest' }).click()

    // From a time on, as people say it: it stands in the address as a moment, and in the form as a local time.
    const time = page.getByLabel('from time')
    await time.fill('soon')
    await page.getByRole('button', { name: 'Search' }).click()
    const complaint = await page.evaluate<string>('document.querySelector("[name=time]").validationMessage')
    expect(complaint).toContain('5 minutes ago')
    await checkAddress(page, '/topics/clicks')
    await time.fill('1 week ago')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.waitForURL(/[?]time=\d+$/)
    await expect.poll(() => time.inputValue(), { timeout: waitMs }).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d/)
    await page
      .getByRole('cell', { name: /^[01]\/0$/ })
      .first()
      .waitFor() // the oldest one
    await page.getByRole('link', { name: 'Live' }).click()
    await expect.poll(() => page.locator('section tbody tr').count(), { timeout: waitMs }).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused.').waitFor()

    // Groups.
    await go('/groups')
    await page.getByRole('link', { name: 'billing' }).click()
    await page.getByText('It has no members').waitFor()
    await page.getByRole('cell', { name: 'clicks' }).first().waitFor()
    await page.getByRole('region', { name: 'Charts of the group' }).getByText('lag in time').waitFor()
    const consumer = log.consumer({ group: 'billing', topics: [clicks] })
    const reading = consumer[Symbol.asyncIterator]().next()
    await page.getByRole('region', { name: 'Members table' }).getByText('clicks/0 clicks/1').waitFor() // live
    await checkLook(page, 'group')
    await reading
    await consumer.close()

    // What records hold is shown, and never obeyed.
    await go('/topics/raw')
    await page.getByText('\\u001b[31m<script>').first().waitFor()
    await page.getByRole('region', { name: 'Records table' }).getByRole('link').first().click()
    await page.locator('.record').getByText('\\u202e').first().waitFor()
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
    expect(await page.content()).not.toContain('\u202e')

    // kill -9, while it is watched.
    await go('/')
    await row.getByText('running').waitFor()
    shop.kill()
    await row.getByText('ended without close').waitFor()
    await page.getByText(/page-counts ended without close: pid \d+ on/).waitFor()
    await page.getByText('Start it again: it goes on from its last commit.').waitFor()
    await checkLook(page, 'killed')
    await row.getByRole('link').click()
    await page.getByRole('region', { name: 'Positions table' }).waitFor()
    const moving = page.getByRole('cell', { name: 'yes', exact: true })
    await expect.poll(() => moving.count(), { timeout: waitMs }).toBe(0)

    await opened.close()
    await log.close()
  })
})

describe('with nothing to show', () => {
  test('an empty log says what would be here, and what comes is shown at once', async () => {
    const log = await openLog(join(temporaryDirectory(), 'data'), { maintenance: false })
    const opened = await dashboard(log, { port: 0 })
    const { page, go } = await openPage(opened)
    await go('/')
    await page.getByText('No application has been started on this log yet.').waitFor()
    await page.getByText('No topics yet.').waitFor()
    await page.getByText('No past yet: a chart starts when the dashboard is opened.').first().waitFor()
    await checkLook(page, 'empty')
    await log.producer().send(topic('first', { key: string(), value: string() }), { key: 'a', value: 'b' })
    await page.getByRole('link', { name: 'first' }).waitFor()
    await opened.close()
    await log.close()
  })

  test('a link works from the first moment, and the keyboard and the title go along with the view', async () => {
    const log = await openLog(join(temporaryDirectory(), 'data'), { maintenance: false })
    const opened = await dashboard(log, { port: 0 })
    const { page } = await openPage(opened)
    const link = (path: string): string => `document.querySelector('nav a[href="${path}"]')`
    await page.addInitScript(`new MutationObserver((_, observer) => {
      if (${link('/topics')} === null) return
      observer.disconnect()
      ${link('/topics')}.click()
    }).observe(document, { childList: true, subtree: true })`)
    await page.goto(opened.url)
    await page.getByRole('heading', { name: 'Topics', level: 1 }).waitFor()
    // Before anything but what was asked for has happened: the next frame, and the next key, come later.
    const now = await page.evaluate<unknown>(`(async () => {
      ${link('/groups')}.click()
      for (let at = 0; at < 10; at++) await undefined
      return [document.querySelector('h1').textContent, document.activeElement.id, document.title]
    })()`)
    expect(now).toEqual(['Groups', 'main', 'groups · millrace'])
    await opened.close()
    await log.close()
  })

  test('what is deleted, or never was, is said to be gone', async () => {
    const log = await openLog(join(temporaryDirectory(), 'data'), { maintenance: false })
    await log.admin.createTopic({ name: 'short-lived' })
    const opened = await dashboard(log, { port: 0 })
    const { page, go } = await openPage(opened)
    await go('/topics/short-lived')
    await page.getByText('No records yet.').waitFor()
    await log.admin.deleteTopic('short-lived')
    await page.reload()
    await page.getByText(/Not found: .*short-lived/).waitFor()
    for (const path of [
      '/applications/none',
      '/applications/none/v1',
      '/groups/none',
      '/stores/none/none',
      '/nowhere',
      '/topics/none',
    ]) {
      await go(path)
      await page.locator('.notice.gone').waitFor()
      await checkBarriers(page, path)
    }
    await opened.close()
    await log.close()
  })

  test('a dashboard that ends is noticed, and one that is back too', async () => {
    const log = await openLog(join(temporaryDirectory(), 'data'), { maintenance: false })
    const opened = await dashboard(log, { port: 0 })
    const { page, go } = await openPage(opened)
    await go('/')
    await page.locator('.connection', { hasText: 'live' }).waitFor()
    await opened.close()
    await page.locator('.connection', { hasText: 'reconnecting' }).waitFor()
    await page.getByText('The dashboard does not answer').waitFor()
    await checkBarriers(page, 'reconnecting')
    const again = await dashboard(log, { port: opened.port })
    await page.locator('.connection', { hasText: 'live' }).waitFor()
    await again.close()
    await log.close()
  })

  test('a tab that no one sees gives its connection back, and is live again when it is seen', async () => {
    const log = await openLog(join(temporaryDirectory(), 'data'), { maintenance: false })
    const opened = await dashboard(log, { port: 0 })
    const { page, go } = await openPage(opened)
    const isLive = (request: Request): boolean => request.url().endsWith('/api/live')
    const show = (isHidden: boolean): Promise<unknown> =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} })
        document.dispatchEvent(new Event('visibilitychange'))`)
    await go('/')
    await page.locator('.connection', { hasText: 'live' }).waitFor()
    const [left] = await Promise.all([page.waitForEvent('requestfailed', isLive), show(true)])
    expect(left.failure()?.errorText).toBe('net::ERR_ABORTED')
    await log.admin.createTopic({ name: 'meanwhile' })
    await show(false)
    await page.getByRole('link', { name: 'meanwhile' }).waitFor()
    await opened.close()
    await log.close()
  })

  test('a token is asked for once, and the browser says it from then on', async () => {
    const log = await openLog(join(temporaryDirectory(), 'data'), { maintenance: false })
    const opened = await dashboard(log, { port: 0, token: 'sixteen-characters' })
    const { page, complaints } = await openPage(opened)
    await page.goto(new URL('/topics?sent=a%26b', opened.url).href)
    await checkBarriers(page, 'token')
    await page.getByLabel('Token').fill('sixteen-wrong-ones')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByText('That is not the token of this dashboard.').waitFor()
    await page.getByLabel('Token').fill('sixteen-characters')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByText('No topics yet.').waitFor()
    await checkAddress(page, '/topics?sent=a%26b') // where the link led
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
    await opened.close()
    await log.close()
  })
})
