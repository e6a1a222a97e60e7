// `millrace run` on a terminal: one screen that refreshes, Ctrl-C, sizes, colours, and what a script prints.
import { expect, test } from 'vitest'
import { openLog, string, topic } from 'millrace'
import { ScriptProject } from '../support/script-project.ts'
import { linesOf, Terminal, whyNoTerminal } from '../support/terminal.ts'

if (whyNoTerminal !== undefined) console.warn(`skipped: ${whyNoTerminal}`)
const isSkipped = whyNoTerminal !== undefined

const words = topic('words', { key: string(), value: string() })
const script = `import { StreamsBuilder, string, topic } from 'millrace'

const builder = new StreamsBuilder()
builder
  .stream(topic('words', { key: string(), value: string() }))
  .peek(({ value }) => void process.stdout.write(value))
  .to(topic('a-topic-with-a-name-that-is-far-too-long-for-a-terminal-which-is-narrow', { key: string(), value: string() }))
export default builder
export const config = { commit: { everyMs: 60_000 } }
`

/** How many screens there are. */
const screensIn = (lines: readonly string[]): number => lines.filter((line) => line.startsWith('words  running')).length

test.skipIf(isSkipped)(
  'there is one screen, what a script prints is above it, and Ctrl-C ends it with all committed',
  async () => {
    const project = new ScriptProject({ 'words.ts': script })
    const terminal = new Terminal(project, ['run', 'words.ts'], { columns: 80, rows: 24 })
    await terminal.until(({ text }) => text.includes('running'))
    await using log = await openLog(project.data, { maintenance: false })
    await log.producer().sendMany(words, [
      { key: 'a', value: 'one\n' },
      { key: 'b', value: 'two, and no line break' },
    ])
    await terminal.until(({ lines }) => lines.some((line) => /^time +20\d\d-/.test(line)))
    expect(screensIn(terminal.lines)).toBe(1)
    const before = terminal.lines.slice(
      0,
      terminal.lines.findIndex((line) => line.startsWith('words  running')),
    )
    expect(before.slice(-2)).toEqual(['one', 'two, and no line break'])
    expect(terminal.text).toContain('\u{1b}[1mwords\u{1b}[22m  \u{1b}[32mrunning')
    expect((await log.admin.describeApplication('words')).lag).toBe(2) // commits are a minute apart
    terminal.type('\u0003')
    expect(await terminal.exited).toBe(130)
    expect(screensIn(terminal.lines)).toBe(0)
    expect(terminal.lines.filter((line) => line.startsWith('words  closed'))).toHaveLength(1)
    const { state, instance, fenced, lag } = await log.admin.describeApplication('words')
    expect({ state, instance, fenced, lag }).toEqual({ state: 'stopped', instance: null, fenced: null, lag: 0 })
  },
)

test.skipIf(isSkipped)(
  'it fits a narrow terminal, and one that becomes narrow or low, without colours where none are wanted',
  async () => {
    const project = new ScriptProject({ 'words.ts': script })
    const terminal = new Terminal(project, ['run', 'words.ts'], { columns: 100, rows: 24 }, { NO_COLOR: '1' })
    await terminal.until(({ text }) => text.includes('running'))
    const from = terminal.text.length
    terminal.resize({ columns: 24, rows: 6 })
    // What has scrolled away is no longer cleared: a screen may have been drawn before the terminal became low.
    const after = (): readonly string[] => linesOf(terminal.text.slice(from), 24).slice(-6)
    await terminal.until(({ text }) => text.slice(from).split('running').length > 2)
    expect(after()[0]).toMatch(/^words {2}running/)
    expect(screensIn(after())).toBe(1)
    expect(Math.max(...after().map((line) => line.length))).toBeLessThan(24)
    expect(terminal.text).not.toContain('\u{1b}[1m')
    if (terminal.pid === undefined) throw new Error('the process is not known')
    process.kill(terminal.pid, 'SIGTERM')
    expect(await terminal.exited).toBe(143)
    await using log = await openLog(project.data, { maintenance: false })
    expect((await log.admin.describeApplication('words')).instance).toBeNull()
  },
)
