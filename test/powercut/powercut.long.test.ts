// A sample of the power cuts, and the proof that the harness can find something: what is broken on purpose is found.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compiled } from '../support/compiled.ts'
import { missingForRecording, record, root } from './recording.ts'

const plan = { seed: 7, records: 300, mode: 'live' } as const

function cutPower(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): { output: string; code: number | null } {
  const command = [compiled('test/powercut/run.ts'), '--seed', `${plan.seed}`, '--records', `${plan.records}`, ...args]
  const env = { ...process.env, ...environment }
  const { stdout, stderr, status } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' })
  return { output: stderr + stdout, code: status }
}

test('without a compiler it says what is missing', () => {
  const { output, code } = cutPower([], { PATH: '' })
  expect(output).toMatch(/install a C compiler|LD_PRELOAD, which/)
  expect(code).toBe(2)
})

const missing = missingForRecording()
if (missing !== undefined) console.warn(`no power cuts here: ${missing}`)
else
  describe('a power cut', () => {
    /** A disk that lies is the same record, read without its flushes. */
    let base: string
    let journal: string

    beforeAll(() => {
      base = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-powercut-')))
      journal = record(base, { plan, acknowledgeEarly: false })
    })

    afterAll(() => rmSync(base, { recursive: true }))

    test('loses nothing that was acknowledged, and the log goes on', () => {
      const { output, code } = cutPower(['--states', '30', '--journal', journal])
      expect(output).toMatch(/\n[1-9]\d+ acknowledgements, 0 early\n30 states, 0 bad\n$/)
      expect(code).toBe(0)
    })

    test.each([
      ['a disk that lies about its flushes', 'lying-disk', /acknowledgements, [1-9]\d* early/, /MillraceError|A1 /],
      [
        'an acknowledgement before the commit',
        'early-acknowledgement',
        /acknowledgements, 0 early/,
        /A1 acknowledged up to/,
      ],
    ])('is not survived with %s', (_, broken, acknowledged, violation) => {
      const told = broken === 'lying-disk' ? ['--journal', journal] : []
      const { output, code } = cutPower(['--states', '6', '--broken', broken, ...told])
      expect(output).toMatch(acknowledged)
      expect(output).toMatch(violation)
      expect(output).toMatch(/\n6 states, [1-9]\d* bad\n$/)
      expect(code).toBe(1)
    })
  })
