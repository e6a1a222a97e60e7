// A disk that is full stops the log with an error that says so; when there is space again, a restart goes on.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { canMount, noMounts, runWithMounts } from './namespace.ts'
import { programPath } from './programs.ts'
import { plan, violationsOfFailure, violationsOfRestart, violationsOfSuccess } from './sweep.ts'

/** Works until the disk is full, once more while it still is, and a last time when there is space; then takes the log out. */
const script = `
  mount -t tmpfs -o size="$1" none "$2"
  for space in none none some; do
    if [ $space = some ]; then mount -o remount,size=64m "$2"; fi
    end=0; "$4" "$5" "$2/log" "$6" 2>/dev/null || end=$?
    echo "exit code $end"
  done
  cp -r "$2/log" "$3"
`

describe.each([
  ['at all', '32k', 'open'],
  ['for a new log', '200k', 'open'],
  ['for the first commits', '300k', '(open|start)'],
  ['for the import', '600k', 'import'],
])('a disk without space %s', (_, size, part) => {
  test('is named in the error, loses nothing, and a restart with space goes on', async (context) => {
    if (!canMount) context.skip(noMounts)
    const dir = temporaryDirectory()
    const out = join(dir, 'log')
    const said = runWithMounts(script, [
      size,
      temporaryDirectory(),
      out,
      process.execPath,
      programPath('work-on-disk'),
      JSON.stringify(plan),
    ])
    const [full = [], again = [], free = []] = said
      .split(/(?<=^exit code \d+\n)/m)
      .map((run) => run.split('\n').filter(Boolean))
    for (const lines of [full, again]) {
      expect(violationsOfFailure(lines.slice(0, -1), lines.at(-1) ?? '')).toEqual([])
      expect(lines.join('\n')).toMatch(/storage_failed .*the disk is full .*free some space.*start/)
    }
    expect(full.join('\n')).toMatch(new RegExp(`^${part} storage_failed`, 'm'))
    expect(violationsOfSuccess(free.slice(0, -1), free.at(-1) ?? '')).toEqual([])
    expect(existsSync(out)).toBe(true)
    expect(await violationsOfRestart(out, [...full, ...again, ...free])).toEqual([])
  })
})
