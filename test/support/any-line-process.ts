// Command lines of any-line.ts as processes: what the command adds to them as a program.
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { ExitCode } from '../../src/command/exit-codes.ts'
import { checkAnswer, lineNear } from './any-line.ts'
import { commandWorld } from './command-world.ts'

/** Lines that end by themselves, each as a process of its own. */
export async function checkProcesses(options: {
  readonly lines: number
  readonly elsewhere: string
  /** The compiled `millrace`. */
  readonly command: string
}): Promise<void> {
  const { lines, elsewhere, command } = options
  const line = await lineNear(elsewhere)
  const { data } = await commandWorld()
  const isEnding = (argv: readonly string[]): boolean => !argv.includes('consume') || argv.includes('-e')
  // No process can be given a word with a zero in it.
  const isTypable = (argv: readonly string[]): boolean => argv.every((word) => !word.includes('\0'))
  await fc.assert(
    fc.asyncProperty(
      line.filter((argv) => isEnding(argv) && isTypable(argv)),
      async (argv) => {
        const { status, signal, stdout, stderr } = spawnSync(process.execPath, [command, ...argv], {
          cwd: dirname(elsewhere),
          encoding: 'utf8',
          input: 'a=1\n{"value":2}\nlast',
          env: { ...process.env, MILLRACE_DIR: data },
        })
        expect({ argv, signal }).toEqual({ argv, signal: null })
        checkAnswer(argv, { code: status as ExitCode, stdout, stderr })
      },
    ),
    { numRuns: lines },
  )
}
