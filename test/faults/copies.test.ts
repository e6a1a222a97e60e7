// A copy onto a disk that takes none is refused with what to do, and leaves nothing there.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openDurableLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { lines } from '../support/topics.ts'
import { canMount, noMounts, runWithMounts } from './namespace.ts'

const copy = '"$3" --import tsx test/support/programs/copy-log.ts "$1" "$2/a/copy"; ls -A "$2"'

describe.each([
  ['that is full', `mount -t tmpfs -o size=64k none "$2"; ${copy}`, /the disk is full.*free some space/],
  [
    'that is read-only',
    `mount --bind "$2" "$2"; mount -o remount,bind,ro "$2"; ${copy}`,
    /mount the file system for writing/,
  ],
])('a copy onto a disk %s', (_, script, message) => {
  test('is refused, and leaves nothing', async (context) => {
    if (!canMount) context.skip(noMounts)
    const { dir, log } = openDurableLog()
    await log.producer().send(lines, { key: 'a', value: 'x'.repeat(200_000) })
    await log.close()
    const target = temporaryDirectory()
    const said = runWithMounts(script, [dir, target, process.execPath]).split('\n').filter(Boolean)
    expect(said.map((line) => JSON.parse(line) as unknown)).toEqual(
      ['cannot back up', 'cannot restore'].map((what) => ({
        code: 'storage_failed',
        message: expect.stringMatching(
          new RegExp(`^${what} .* to ${join(target, 'a', 'copy')}: .*${message.source}`, 'i'),
        ),
      })),
    )
  })
})
