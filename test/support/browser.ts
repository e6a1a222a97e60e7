// A headless Chromium, as the system has it: nothing is downloaded. Where there is none, the tests of the browser say so.
import { existsSync } from 'node:fs'
import axe, { type Result, type RunOptions } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'

const path = process.env['MILLRACE_CHROMIUM'] ?? '/usr/bin/chromium'

/** Undefined where there is no Chromium. */
export async function openBrowser(): Promise<Browser | undefined> {
  if (!existsSync(path)) {
    console.warn(`no Chromium at ${path}: the tests of the dashboard in a browser are skipped`)
    return undefined
  }
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] })
}

/** The rules that other colours can break. */
export const rulesOfColours: readonly string[] = ['color-contrast', 'link-in-text-block']

/** What keeps people out of the page as it is, by all rules or by these, a line each. */
export async function barriersOf(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  if ((await page.evaluate<string>('typeof axe')) === 'undefined') await page.evaluate(axe.source)
  // What is right is told at length unless it is not asked for, and that takes longer than to find what is wrong.
  const options: RunOptions = { resultTypes: ['violations'] }
  if (rules !== undefined) options.runOnly = { type: 'rule', values: [...rules] }
  const run = `axe.run(${JSON.stringify(options)}).then(({ violations }) => violations)`
  const violations = await page.evaluate<readonly Result[]>(run)
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
}

/** Whether all names of views stand on one line, and none is out of sight. */
export function isNavigationWhole(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const { clientHeight, clientWidth, scrollWidth } = document.querySelector('nav')
    return clientHeight < 40 && scrollWidth <= clientWidth
  })()`)
}

/** By how many pixels the page is wider than its window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

/** What is cut at a side without a sign that there is more; of a table on a phone whatever is cut. */
export function cutOf(page: Page): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(`[...document.querySelectorAll('.scrolls')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && !one.closest('details:not([open])'))
    .filter((one) => !one.closest('.more-left, .more-right') || (innerWidth <= 600 && one.querySelector('table')))
    .map((one) => one.getAttribute('aria-label'))`)
}
