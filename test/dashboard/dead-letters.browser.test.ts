// Dead letters in a real browser: a record fails, is looked at, is sent again by clicks and by keys, and its result arrives.
import { type Application, type Log, ManualClock, openLog, startStreams } from 'millrace'
import { dashboard, type Dashboard } from 'millrace/dashboard'
import type { Page } from 'playwright-core'
import { describe, expect } from 'vitest'
import { openDashboard, token } from '../support/dashboards.ts'
import { doubled, doubling, numbers, sendBad, withLetters, writeLetters } from '../support/dead-letters.ts'
import { ManyPositions } from '../support/many-positions.ts'
import { checkBarriers, checkLook, hold, openPage, picture, test, waitMs } from '../support/pages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { topologyOf } from '../support/topology.ts'

const startMs = Date.UTC(2025, 2, 4, 8)
const strange = '\u001b[31m<script>globalThis.pwned = 1</script>\u202e'

/** As `doubling`, with a function that fails for numbers from 100 on, until it is mended. */
const picky = (isMended: boolean) =>
  topologyOf((builder) => {
    builder
      .stream(numbers)
      .mapValues(
        ({ value }) => {
          if (value >= 100 && !isMended) throw new Error(value === 340 ? strange : `${value} is too large`)
          return value * 2
        },
        { name: 'double' },
      )
      .to(doubled)
  })

async function run(log: Log, isMended: boolean): Promise<Application> {
  const app = await startStreams(picky(isMended), { log, applicationId: 'app', onError: 'deadLetter' })
  await app.caughtUp()
  return app
}

async function openToChange(log: Log) {
  const opened = await dashboard(log, { port: 0, allowChanges: true, token })
  const { page, go, complaints } = await openPage(opened)
  await page.goto(new URL(`/dead-letters?token=${token}`, opened.url).href)
  await page.getByRole('heading', { name: 'Dead letters' }).waitFor()
  return { opened, page, go, complaints }
}

async function close(log: Log, ...opened: readonly Dashboard[]): Promise<void> {
  for (const one of opened) await one.close()
  await log.close()
}

async function doubledOf(log: Log): Promise<readonly number[]> {
  const values: number[] = []
  for await (const { value } of log.read(doubled)) values.push(value)
  return values
}

/** Where the keyboard is. */
const focused = (page: Page): Promise<string> => page.evaluate<string>(`document.activeElement.textContent`)

describe('with an application that fails', () => {
  test('a letter is seen, sent again once the function is mended, and its result arrives', async () => {
    const log = await openLog(temporaryDirectory(), { maintenance: false })
    const producer = log.producer()
    await producer.sendMany(
      numbers,
      [1, 100, 2, 340, 3, 128].map((value, at) => ({ key: `k${value}`, value, timestamp: startMs + at * 60_000 })),
    )
    await (await run(log, false)).close()
    const { opened, page, complaints } = await openToChange(log)

    // The application is among those that have letters; its view says why, and since when.
    await page.getByRole('table', { name: 'Dead letters' }).getByRole('link', { name: 'app' }).click()
    await page
      .getByRole('region', { name: 'Reasons table' })
      .getByRole('link', { name: 'user_function_threw' })
      .waitFor()
    await checkLook(page, 'dead letters')

    // The record is beside its error, and what is in either is shown, never obeyed.
    const letter = page.locator('.record')
    await page.getByRole('link', { name: '0/1' }).click()
    await letter.getByText(/\\u001b\[31m<script>/).waitFor()
    await page.getByRole('link', { name: '0/0' }).click()
    await letter.getByText('100 is too large').waitFor()
    await letter.getByRole('link', { name: 'numbers/0 @ 1' }).waitFor()
    await letter.getByText('not sent again').waitFor()
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
    await checkLook(page, 'dead letter')
    await picture(page, 'dead-letters', { width: 1_280, height: 900 })

    // Someone reads the question, and does not want it: nothing is sent, and the keyboard is where it was.
    const button = letter.getByRole('button', { name: 'Send again', exact: true })
    const question = page.getByRole('dialog', { name: 'Send 1 record again?' })
    await button.focus()
    await page.keyboard.press('Enter')
    await question.getByText('Only app reads it again: when it next starts').waitFor()
    expect(await focused(page)).toBe('Cancel')
    await checkLook(page, 'question')
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'hidden' })
    expect(await focused(page)).toBe('Send again')
    expect(await log.admin.deadLetters('app').redrive({}, { dryRun: true })).toMatchObject({ sent: 3, alreadySent: 0 })

    // The second time it is sent, by keys alone, and the letter says so.
    await page.keyboard.press('Enter')
    await question.waitFor()
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Send again')
    await page.keyboard.press('Enter')
    await question.getByText('1 record sent again.').waitFor()
    expect(await focused(page)).toBe('Close')
    await checkBarriers(page, 'sent')
    await page.keyboard.press('Enter')
    await question.waitFor({ state: 'hidden' })
    await letter.getByText('sent again', { exact: false }).first().waitFor()
    await button.waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate(`document.activeElement.id`), { timeout: waitMs }).toBe('main')

    // The function is mended: its result arrives, where the others are.
    expect(await doubledOf(log)).toEqual([2, 4, 6])
    const app = await run(log, true)
    expect(await doubledOf(log)).toEqual([2, 4, 6, 200])
    await page.goto(new URL('/topics/doubled', opened.url).href)
    await page.getByRole('region', { name: 'Records table' }).getByText('200').waitFor()
    await app.close()
    expect(complaints).toEqual([])
    await close(log, opened)
  })

  test('those that are chosen are sent, then all that fit, and what comes is counted live', async () => {
    const log = await openLog(temporaryDirectory(), { maintenance: false })
    await withLetters(log, 60)
    const { opened, page, go } = await openToChange(log)
    await go('/dead-letters/app')
    await page.getByText('60 letters').waitFor()
    const table = page.getByRole('region', { name: 'Letters table' })
    for (const place of ['0/59', '0/58']) await page.getByLabel(`Choose ${place}`).check()
    await page.getByRole('button', { name: 'Send chosen again (2)' }).click()
    const first = page.getByRole('dialog', { name: 'Send 2 records again?' })
    // The second of two clicks does nothing: neither while it is being done, nor where that was quick.
    const release = await hold(page, '**/send')
    await first.getByRole('button', { name: 'Send again' }).dblclick()
    await release()
    await first.getByText('2 records sent again.').waitFor()
    await page.mouse.down()
    await page.mouse.up()
    await first.getByRole('button', { name: 'Close' }).click()
    await expect.poll(() => table.getByText('● sent again').count(), { timeout: waitMs }).toBe(2)
    expect(await page.getByLabel('Choose 0/59').isDisabled()).toBe(true)

    // Older ones by the pager; then all.
    await page.getByRole('link', { name: 'older →' }).click()
    await table.getByRole('link', { name: '0/0' }).waitFor()
    await page.getByRole('button', { name: 'Send all that match (60)' }).click()
    const all = page.getByRole('dialog', { name: 'Send all 60 letters that match again?' })
    await all.getByRole('button', { name: 'Send all again' }).click()
    await all.getByText('58 records sent again. 2 not sent').waitFor()
    await all.getByRole('button', { name: 'Close' }).click()
    expect(await log.admin.endOffsets('numbers@@app')).toEqual([60])

    // They fail again with the next start: what comes is seen without a reload.
    const app = await startStreams(doubling, { log, applicationId: 'app', onError: 'deadLetter' })
    await page.getByText('120 letters').waitFor()
    await sendBad(log, 1, 60)
    await page.getByText('121 letters').waitFor()
    await page.getByRole('link', { name: 'Newest' }).click()
    await table.getByRole('link', { name: '0/120' }).waitFor()
    await app.close()
    await close(log, opened)
  })

  test('another value is typed, refused where it does not fit, and sent where it does', async () => {
    const log = await openLog(temporaryDirectory(), { maintenance: false })
    await withLetters(log, 1)
    const { opened, page, go } = await openToChange(log)
    await go('/dead-letters/app?letter=0/0')
    const letter = page.locator('.record')
    await letter.getByText('send with another value').click()
    const value = letter.getByLabel('value', { exact: true })
    expect(await value.inputValue()).toBe('bad 0')
    const send = async (): Promise<void> => {
      await letter.getByRole('button', { name: 'Send with this value' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Send with this value' }).click()
    }
    await send()
    await page.getByRole('dialog').getByText('the value is not JSON').waitFor()
    await checkBarriers(page, 'refused')
    await page.getByRole('button', { name: 'Close' }).click()
    await value.fill('21')
    await send()
    await page.getByRole('dialog').getByText('1 record sent again.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    const app = await startStreams(doubling, { log, applicationId: 'app', onError: 'deadLetter' })
    await app.caughtUp()
    expect(await doubledOf(log)).toEqual([42])
    await app.close()
    await close(log, opened)
  })
})

describe('with nothing to send', () => {
  test('a dashboard that only reads shows letters, and by which command they are sent', async () => {
    const log = await openLog(temporaryDirectory(), { maintenance: false })
    await withLetters(log, 1)
    const opened = await dashboard(log, { port: 0 })
    const { page, go } = await openPage(opened)
    await go('/dead-letters/app?letter=0/0')
    await page.locator('.record').getByText('not sent again').waitFor()
    await page.getByText('millrace dlq redrive app --all').waitFor()
    expect(await page.getByRole('button', { name: /send/i }).count()).toBe(0)
    expect(await page.getByRole('checkbox').count()).toBe(0)
    await close(log, opened)
  })

  test('no letters, none that fit, those that are gone, and a server that is, each say what they are', async () => {
    const log = await openLog(temporaryDirectory(), { maintenance: false })
    const { opened, page, go } = await openToChange(log)
    await page.getByText('No application has written a dead letter yet.').waitFor()
    await checkLook(page, 'none')
    await go('/dead-letters/app')
    await page.getByText(/Not found: .*"app"/).waitFor()
    const app = await startStreams(doubling, { log, applicationId: 'app', onError: 'deadLetter' })
    await page.reload()
    await page.getByText('This application has written no dead letter.').waitFor()
    await sendBad(log, 2)
    await page.getByText('2 letters').waitFor() // it came by itself
    await go('/dead-letters/app?reason=late')
    await page.getByText('No matching letters here.').waitFor()
    await checkLook(page, 'none that fit')
    await go('/dead-letters/app?letter=0/7')
    await page.getByText(/Not found: .*no letter at offset 7/).waitFor()

    // Deleted while someone decides: the answer says so.
    await go('/dead-letters/app?letter=0/0')
    await page.locator('.record').getByRole('button', { name: 'Send again', exact: true }).click()
    await log.admin.deleteRecords('app.dead-letters', [{ partition: 0, beforeOffset: 2 }])
    await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click()
    await page.getByRole('dialog').getByText('No record was sent. Not sent: 1 letter no longer there: 0:0.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()

    // And a server that has gone meanwhile.
    await app.close()
    await sendBad(log, 1)
    const again = await startStreams(doubling, { log, applicationId: 'app', onError: 'deadLetter' })
    await again.caughtUp()
    await again.close()
    await go('/dead-letters/app?letter=0/2')
    await page.locator('.record').getByRole('button', { name: 'Send again', exact: true }).click()
    await opened.close()
    await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click()
    await page.getByRole('dialog').getByText('The dashboard does not answer').waitFor()
    await close(log)
  })
})

test('what a long list leaves out is said: of reasons of dead letters, and of partitions', async () => {
  const { log } = await ManyPositions.of(2_100)
  await writeLetters(log, 130, 0, (at) => `reason ${at}`)
  // Its clock stands still: no answer is cut short because the machine is busy.
  const { page, go, complaints } = await openPage(await openDashboard(log, { clock: new ManualClock(200_000) }))
  await go('/dead-letters/app')
  await page.getByText('30 other reasons have 30 letters').waitFor()
  expect(await page.getByRole('region', { name: 'Reasons table' }).getByRole('row').count()).toBe(101)
  await go('/applications/app/v1')
  await page.getByText('These are the first 2,000 partitions. 101 more are not listed').waitFor()
  await go('/groups/group')
  await page.getByText('These are the first 2,000 partitions. 100 more are not listed').waitFor()
  expect(complaints).toEqual([])
})
