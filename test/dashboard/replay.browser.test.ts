// A replay in a real browser, from its start to the switch and back, by clicks and by keyboard: the versions run in processes of
// their own.
import { join } from 'node:path'
import { openLog } from 'millrace'
import { dashboard } from 'millrace/dashboard'
import { expect } from 'vitest'
import { checkAddress, checkLook, openPage, picture, test, waitMs } from '../support/pages.ts'
import { type Program, startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

async function begin(dir: string, version: string): Promise<Program> {
  const program = startProgram('run-version', [dir, version])
  expect(await program.line()).toBe('begun')
  return program
}

test('a replay is watched, compared, switched to and back, by clicks', async () => {
  const dir = join(temporaryDirectory(), 'data')
  const v1 = await begin(dir, 'v1')
  const log = await openLog(dir, { maintenance: false })
  const token = 'sixteen-characters'
  const opened = await dashboard(log, { port: 0, token, allowChanges: true })
  const { page, go, complaints } = await openPage(opened)
  await go(`/?token=${token}`)

  // Nothing to see yet, then a version that replays.
  await page.getByRole('link', { name: 'Replays' }).click()
  await page.getByText('No version stands beside a live one.').waitFor()
  await checkLook(page, 'no replay')
  const v2 = await begin(dir, 'v2')
  const row = page.getByRole('row', { name: /^v2/ })
  await row.getByText('replaying').waitFor()
  await expect.poll(() => row.getByRole('cell').nth(2).textContent(), { timeout: waitMs }).toMatch(/^\d\d?%$/)
  await row.getByRole('link').click()
  await checkAddress(page, '/replays/page-counts')
  const beside = page.getByRole('region', { name: /^v2 beside v1/ })
  await beside.getByText('It is catching up with the live version.').waitFor()
  await beside.getByText(/records to read first/).waitFor()
  await checkLook(page, 'replaying')

  // It rests, and goes on: by keyboard.
  const act = async (link: string, question: RegExp, button: string): Promise<void> => {
    await beside.getByRole('link', { name: link }).press('Enter')
    await beside.getByRole('button', { name: button }).press('Enter')
    const dialog = page.getByRole('dialog', { name: question })
    await dialog.getByRole('button', { name: button }).press('Enter')
    await dialog.getByRole('button', { name: 'Close' }).press('Enter')
  }
  await act('Pause…', /^Pause v2 of page-counts/, 'Pause')
  await row.getByText('paused').waitFor()
  await act('Resume…', /^Resume v2 of page-counts/, 'Resume')
  await row.getByText('replaying').waitFor()

  // Done, and compared: one page of five counts twice in the new version.
  v2.say('go')
  await row.getByText('following').waitFor()
  await expect.poll(() => row.getByRole('cell').nth(2).textContent(), { timeout: waitMs }).toBe('100%')
  await beside.getByRole('button', { name: 'Compare' }).click()
  await beside.getByText('they differ').waitFor()
  const counts = beside.getByRole('region', { name: 'How v2 compares table' })
  for (const part of ['store page-totals', 'topic page-counts']) {
    const cells = counts.getByRole('row', { name: new RegExp(part) }).getByRole('cell')
    expect((await cells.allTextContents()).slice(1)).toEqual(['4', '0', '0', '▲ 1'])
    const sample = beside
      .getByRole('region', { name: `Differences of v2 in ${part} table` })
      .getByRole('row', { name: /cart/ })
    expect(await sample.getByRole('cell').allTextContents()).toEqual(['/cart', '400', '200'])
  }
  await checkLook(page, 'compared')
  await picture(page, 'replay', { width: 1_100, height: 1_000 })
  // Another page sees what was found, without asking for it.
  const other = await openPage(opened)
  await other.go(`/replays/page-counts?token=${token}`)
  await other.page.getByText('they differ').waitFor()

  // The switch: what it would do, the question, and what became of it.
  await beside.getByRole('link', { name: 'Switch…' }).click()
  await beside.getByText('topic page-counts: 1000 -> 1200 records').waitFor()
  await beside.getByRole('link', { name: 'continue' }).click()
  await beside.getByText('outputs continue').waitFor()
  await page.goBack()
  await beside.getByText('topic page-counts: 1000 -> 1200 records').waitFor()
  await checkLook(page, 'plan')
  await beside.getByRole('button', { name: 'Switch to v2' }).click()
  const asked = page.getByRole('dialog', { name: 'Make v2 of page-counts the live version?' })
  await asked.getByText('topic page-counts: 1000 -> 1200 records').waitFor()
  await checkLook(page, 'question')
  await asked.getByRole('button', { name: 'Switch to v2' }).click()
  await asked.getByText('v2 of page-counts is the live version, and v1 is kept beside it.').waitFor()
  await asked.getByRole('button', { name: 'Close' }).click()
  expect(await v1.line()).toBe('stopped: superseded')
  expect((await v1.exited).code).toBe(1)
  await page
    .getByRole('row', { name: /^v2 of page-counts, live/ })
    .getByText('running')
    .waitFor()
  await page.getByRole('row', { name: /^v1 of page-counts, was live/ }).waitFor()

  // And back.
  const left = page.getByRole('region', { name: /^v1 beside v2/ })
  await left.getByRole('link', { name: 'Switch back…' }).click()
  await left.getByText('topic page-counts: 1200 -> 1000 records').waitFor()
  await left.getByRole('button', { name: 'Switch back to v1' }).click()
  const back = page.getByRole('dialog', { name: 'Make v1 of page-counts the live version?' })
  await back.getByRole('button', { name: 'Switch back to v1' }).click()
  await back.getByText('v1 of page-counts is the live version').waitFor()
  await back.getByRole('button', { name: 'Close' }).click()
  expect(await v2.line()).toBe('stopped: superseded')
  await page.getByRole('row', { name: /^v1 of page-counts, live/ }).waitFor()
  const switches = page.getByRole('row', { name: /replace/ })
  await expect.poll(() => switches.count(), { timeout: waitMs }).toBe(2)
  await checkLook(page, 'back')
  // What was asked of v2 in the moment of its switch is refused.
  expect(complaints.filter((one) => !one.includes('Failed to load resource'))).toEqual([])

  await opened.close()
  await log.close()
})

test('a replay that is killed while it is watched says so, and is dropped; without changes the page says by which command', async () => {
  const dir = join(temporaryDirectory(), 'data')
  await begin(dir, 'v1')
  const v2 = await begin(dir, 'v2')
  const log = await openLog(dir, { maintenance: false })
  const reading = await dashboard(log, { port: 0 })
  const { page, go } = await openPage(reading)
  await go('/replays/page-counts')
  const beside = page.getByRole('region', { name: /^v2 beside v1/ })
  await beside.getByText('It is catching up with the live version.').waitFor()
  await beside.getByRole('link', { name: 'Drop…' }).click()
  await beside.getByText('version "v2" runs: stop its process first').waitFor()
  v2.kill()
  await beside.getByText(/Its process ended without close: pid \d+ on .* is gone/).waitFor()
  await page.getByRole('row', { name: /^v2/ }).getByText('ended without close').waitFor()
  await beside.getByText('version v2 with 2 positions: deleted').waitFor()
  await beside.getByText('millrace replay drop page-counts v2').waitFor()
  expect(await beside.getByRole('button', { name: 'Drop' }).count()).toBe(0)
  await checkLook(page, 'killed')
  await log.admin.deleteVersion('page-counts', 'v2')
  await page.getByText('No version stands beside the live one.').waitFor()
  await reading.close()
  await log.close()
})
