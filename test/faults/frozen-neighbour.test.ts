// Another process that is frozen in its commit holds up what has to commit, and nothing else: the event loop goes on, and so does
// all that waited once the other one wakes or is killed.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLog } from 'millrace'
import { LockHolder } from '../support/lock-holder.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** The acts of the program that commit. */
const committing =
  'createTopic alterTopic addPartitions deleteRecords runMaintenance resetOffsets deleteGroup deadLetters ' +
  'resetApplication deleteApplication deleteTopic send firstSend claim transaction join firstRead open close'

test.each(['wakes', 'is killed'])(
  'who waits for a frozen process keeps its event loop, and goes on when that one %s',
  async (fate) => {
    const dir = temporaryDirectory()
    await (await openLog(dir)).close()
    const holder = await LockHolder.of(dir)
    const program = startProgram('work-beside-frozen', [dir, join(temporaryDirectory(), 'copy')])
    expect(await program.line()).toBe('ready')
    await holder.take()
    holder.freeze()
    program.say('go')
    expect(await program.line()).toBe(`waiting ${committing}`)
    if (fate === 'wakes') {
      holder.thaw()
      await holder.release()
    } else holder.kill()
    const ends = await program.restOfLines()
    expect(ends.filter((end) => !end.endsWith(' done'))).toEqual([
      'dropOperators operator_unknown',
      'switchVersion version_unknown',
      'switchBack version_unknown',
      'pauseVersion version_unknown',
      'resumeVersion version_unknown',
      'deleteVersion version_unknown',
    ])
    expect(ends).toEqual(expect.arrayContaining(committing.split(' ').map((name) => `${name} done`)))
    expect(await program.exited).toEqual({ code: 0, signal: null })
  },
)
