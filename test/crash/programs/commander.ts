// Runs command lines of `millrace`, one after the other. Says `out LINE` and `err LINE` for what each prints, and `end CODE`.
import { Readable, Writable } from 'node:stream'
import { runCommand } from '../../../src/command/run-command.ts'
import { systemClock } from '../../../src/core/clock.ts'

export interface CommandLineCommand {
  readonly role: 'commander'
  readonly lines: readonly (readonly string[])[]
  /** What each of them reads, line by line. */
  readonly input: readonly string[]
}

/** A line is written before the next one, and what waits for it, goes on. */
function prefixed(word: string): Writable {
  let rest = ''
  return new Writable({
    decodeStrings: false,
    write(chunk: Buffer | string, _encoding, done) {
      const lines = `${rest}${chunk.toString()}`.split('\n')
      rest = lines.pop() ?? ''
      const text = lines.map((line) => `${word} ${line}\n`).join('')
      if (text === '') done()
      else process.stdout.write(text, () => done())
    },
  })
}

export async function runCommandLines({ lines, input }: CommandLineCommand): Promise<void> {
  for (const argv of lines) await runCommandLine(argv, input)
}

async function runCommandLine(argv: readonly string[], input: readonly string[]): Promise<void> {
  const code = await runCommand(argv, {
    scripts: () => Promise.reject(new Error('no script is run here')),
    stdin: () =>
      Readable.from(
        input.map((line) => `${line}\n`),
        { objectMode: false },
      ),
    self: [],
    stdout: prefixed('out'),
    stderr: prefixed('err'),
    env: { TZ: 'UTC' },
    clock: systemClock,
    signal: new AbortController().signal,
  })
  process.stdout.write(`end ${code}\n`)
}
