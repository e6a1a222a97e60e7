// The page of a dashboard in a browser: opened, looked at by all that every view has to keep, and pictured for the documents.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Dashboard } from 'millrace/dashboard'
import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, expect, onTestFinished, type TestContext, test as plainTest } from 'vitest'
import { barriersOf, cutOf, isNavigationWhole, openBrowser, overflowOf, rulesOfColours } from './browser.ts'

/** Where the pictures of docs/dashboard.md go, `docs/images`; none are made unless this says so. */
const pictures = process.env['MILLRACE_PICTURES']

const browser: Browser | undefined = await openBrowser()
afterAll(async () => browser?.close())

/** Only what hangs takes this long, however busy the machine. */
export const waitMs = 120_000
const usualSize = { width: 1_280, height: 900 }

export interface OpenedPage {
  readonly page: Page
  /** Goes to a path of the dashboard, and waits until a view is there. */
  readonly go: (path: string) => Promise<void>
  /** What the browser, or the page, has complained about. */
  readonly complaints: readonly string[]
}

/** A page of its own, without anything of others; it is closed when the running test is over. */
export async function openPage({ url }: Dashboard): Promise<OpenedPage> {
  if (browser === undefined) throw new Error('no browser')
  // What fades in would be looked at half way.
  const context = await browser.newContext({ viewport: usualSize, reducedMotion: 'reduce' })
  onTestFinished(() => context.close())
  context.setDefaultTimeout(waitMs)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('dialog', (dialog) => complaints.push(`dialog ${dialog.message()}`))
  const go = async (path: string): Promise<void> => {
    await page.goto(new URL(path, url).href)
    await page.locator('main h1, main .notice').first().waitFor()
  }
  return { page, go, complaints }
}

/** Runs with a browser, or is skipped, which vitest counts and openBrowser has said. */
export function test(name: string, run: (context: TestContext) => Promise<void>): void {
  plainTest(name, async (context) => {
    context.skip(browser === undefined, 'no Chromium')
    await run(context)
  })
}

/** A picture for the documents. */
export async function picture(
  page: Page,
  name: string,
  size: { readonly width: number; readonly height: number },
): Promise<void> {
  if (pictures === undefined) return
  mkdirSync(pictures, { recursive: true })
  await page.setViewportSize(size)
  await page.screenshot({ path: join(pictures, `${name}.png`) })
  await page.setViewportSize(usualSize)
}

/** Nothing keeps people out, nothing is wider than the window, and nothing is cut, small or large, light or dark. */
export async function checkLook(page: Page, name: string): Promise<void> {
  await checkBarriers(page, name)
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  await checkBarriers(page, `${name}, dark`, rulesOfColours)
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  for (const width of [360, 1_600]) {
    await page.setViewportSize({ width, height: 900 })
    // What is as wide as its room learns of another one a moment later.
    await expect
      .poll(async () => [await overflowOf(page), await isNavigationWhole(page), await cutOf(page)], {
        timeout: waitMs,
        message: `${name}, ${width} px wide`,
      })
      .toEqual([0, true, []])
  }
  await page.setViewportSize(usualSize)
}

/** Nothing keeps people out, by all rules or by these: what does so while the page is being drawn is gone a moment later. */
export async function checkBarriers(page: Page, name: string, rules?: readonly string[]): Promise<void> {
  await expect.poll(() => barriersOf(page, rules), { timeout: waitMs, message: name }).toEqual([])
}

/** Holds back what is asked for at an address until the returned function is called. */
export async function hold(page: Page, address: string): Promise<() => Promise<void>> {
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const wait = async (route: Route): Promise<void> => {
    await gate
    await route.continue().catch(() => undefined) // the page may have asked anew meanwhile
  }
  await page.route(address, wait)
  return async () => {
    release()
    await page.unroute(address, wait)
  }
}

/** The browser tells of another address by itself, and later than of what the page shows there. */
export async function checkAddress(page: Page, wanted: string | RegExp): Promise<void> {
  const expected = typeof wanted === 'string' ? wanted : expect.stringMatching(wanted)
  await expect.poll(() => page.url().slice(new URL(page.url()).origin.length), { timeout: waitMs }).toEqual(expected)
}
