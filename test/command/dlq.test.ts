// The verbs of dead letters: what retention has taken is said, and the rest is sent.
import { expect, test } from 'vitest'
import { openLog } from 'millrace'
import { runInProcess } from '../support/command.ts'
import { withLetters } from '../support/dead-letters.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('letters that are gone are named, the others are sent, and where none is there it ends with 3', async () => {
  const dir = temporaryDirectory()
  await using log = await openLog(dir, { maintenance: false })
  await withLetters(log, 3)
  await log.admin.deleteRecords('app.dead-letters', [{ partition: 0, beforeOffset: 2 }])
  const run = (...argv: readonly string[]) => runInProcess(['dlq', ...argv], { env: { MILLRACE_DIR: dir } })
  const ran = await run('redrive', 'app', '0:0', '0:2', '0:1', '--execute')
  expect(ran).toMatchObject({ code: 0, stderr: '1 letter sent\n2 letters no longer there: 0:0, 0:1\n' })
  expect(await run('redrive', 'app', '0:1', '--execute')).toMatchObject({
    code: 3,
    stderr: '0 letters sent\n1 letter no longer there: 0:1\n',
  })
  const json = await run('redrive', 'app', '0:1', '--execute', '--json')
  expect([json.code, JSON.parse(json.stdout)]).toMatchObject([3, { sent: 0, gone: [{ partition: 0, offset: 1 }] }])
  expect(await run('redrive', 'app', '0:3', '--execute')).toMatchObject({ code: 3, stdout: '' })
})
