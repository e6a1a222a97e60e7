// A process that may take too little of its system is told so by an error; LMDB would crash it.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDurableLog } from '../support/open.ts'
import { endWithTest, Program } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { lines } from '../support/topics.ts'
import { programPath } from './programs.ts'

interface Said {
  readonly refusal: string
  readonly sent?: number
  readonly read?: number
}

async function fill(limits: string, dir: string, ...more: readonly number[]): Promise<Said> {
  const command = [process.execPath, programPath('fill'), dir, ...more.map(String)]
  const program = endWithTest(new Program('bash', ['-c', `${limits}; exec "$0" "$@"`, ...command]))
  const said = await program.line()
  expect(await program.exited).toEqual({ code: 0, signal: null })
  return JSON.parse(said) as Said
}

test('address space: a log grows as far as it goes, then appends are refused and all is read', async (context) => {
  if (process.platform !== 'linux') context.skip('other systems have no such limit')
  const dir = join(temporaryDirectory(), 'log')
  const { refusal, sent = 0, read } = await fill('ulimit -v 1450000', dir)
  expect(refusal).toMatch(/^disk_full .*has \d+ MiB left to grow into.*ulimit -v/)
  expect(sent).toBeGreaterThan(20)
  expect(read).toBe(sent)
  expect(await fill('ulimit -v 1450000', dir)).toMatchObject({
    refusal: expect.stringMatching(/^disk_full/),
    read: sent,
  })
  const tooLittle = await fill('ulimit -v 1250000', dir)
  expect(tooLittle.refusal).toMatch(/^storage_failed cannot open .* do not fit into the address space .*ulimit -v/)
  expect(await openDurableLog(dir).log.admin.endOffsets(lines)).toEqual([sent])
})

test('file descriptors: a log is opened and works, or says how many it needs', async () => {
  const outcomes: string[] = []
  for (const free of [0, 1, 4, 7, 14, 30]) {
    const dir = join(temporaryDirectory(), 'log')
    if (free % 2 === 0) await openDurableLog(dir).log.close()
    const { refusal, sent, read } = await fill('ulimit -n 400', dir, 2, free)
    expect(refusal).toMatch(/^$|^storage_failed .*raise the limit on open files \(ulimit -n\)/)
    expect(refusal).toContain(refusal === '' ? '' : dir)
    if (refusal === '') expect([sent, read]).toEqual([2, 2])
    outcomes.push(refusal === '' ? 'works' : 'refused')
  }
  expect(outcomes).toEqual([...outcomes.slice(0, -1).map(() => 'refused'), 'works'])
})
