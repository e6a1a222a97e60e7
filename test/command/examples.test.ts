// Every example of every verb runs, each on a directory of its own, and prints what stands in `golden/`.
//
// The part of a line that is `millrace …` runs in this process, at a time that stands still; what is before and after it
// in a pipe is the shell's. Demos start processes of their own, so their time goes on.
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { systemClock } from 'millrace'
import { verbs } from '../../src/command/verbs.ts'
import { type Ran, runInProcess } from '../support/command.ts'
import { compiledCommand } from '../support/compiled.ts'
import { commandWorld } from '../support/command-world.ts'

function shell(line: string, cwd: string, input = ''): string {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], { cwd, input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${line}: ${status}\n${stderr}`)
  return stdout
}

/** The words of a command as a shell splits them. */
function wordsOf(line: string): string[] {
  return shell(`printf '%s\\0' ${line}`, '.').split('\0').slice(0, -1)
}

async function runExample(line: string): Promise<Ran> {
  const { dir, data } = await commandWorld({ applications: true, versions: line.includes('millrace replay ') })
  const stages = line.split(' | ')
  const at = stages.findIndex((stage) => stage.startsWith('millrace '))
  const before = stages.slice(0, at).join(' | ')
  const after = stages.slice(at + 1).join(' | ')
  const [, ...argv] = wordsOf(stages[at] as string)
  const ran = await runInProcess(
    argv.map((word) => word.replace(/^\.\//, `${dir}/`)),
    {
      stdin: before === '' ? '' : shell(before, dir),
      env: { MILLRACE_DIR: data, TZ: 'UTC' },
      ...(argv[0] === 'demo' && { clock: systemClock, self: [process.execPath, compiledCommand()] }),
      endsWhenPrinted: argv[0] === 'ui',
    },
  )
  const harmless = (text: string): string =>
    text
      .replaceAll(dir, '.')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replaceAll(/token=[\w-]{32}/g, 'token=TOKEN')
  return {
    code: ran.code,
    stdout: harmless(after === '' ? ran.stdout : shell(after, dir, ran.stdout)),
    stderr: harmless(ran.stderr),
  }
}

test.each(verbs)('the examples of $name print what they should', async ({ name, load }) => {
  const { verb } = await load()
  const printed: string[] = []
  for (const { line, exits = 0 } of verb.examples) {
    const { code, stdout, stderr } = await runExample(line)
    expect({ line, code, stderr }).toEqual({
      line,
      code: exits,
      stderr: expect.not.stringContaining('millrace:') as string,
    })
    printed.push(`$ ${line}\n${stdout}${stderr.replaceAll(/^(?=.)/gm, '! ')}`)
  }
  await expect(printed.join('\n')).toMatchFileSnapshot(`golden/${name.replaceAll(' ', '-')}.txt`)
})
