// docs/running.md: its service stops on SIGTERM, survives kill -9 and says when it was fenced; its unit and its test run.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { string } from '../../src/core/serdes.ts'
import { topic } from '../../src/core/topic.ts'
import { openLog } from '../../src/log/log.ts'
import { collect } from '../support/collect.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const page = readFileSync(join(root, 'docs/running.md'), 'utf8')

function block(language: string, begins: string): string {
  const text = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))]
    .map(([, body = '']) => body)
    .find((body) => body.startsWith(begins))
  if (text === undefined) throw new Error(`docs/running.md has no ${language} that begins with ${begins}`)
  return text
}

function write(dir: string, name: string, text: string): string {
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

const words = topic('words', { key: string(), value: string() })
const loudWords = topic('loud-words', { key: string(), value: string() })
const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') }

interface Service {
  readonly child: ChildProcessWithoutNullStreams
  readonly nextLine: () => Promise<string | undefined>
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>
}

/** Starts the service and waits until it says that it runs. */
async function startService(dir: string): Promise<Service> {
  const program = write(dir, 'service.ts', block('ts', '// service.ts'))
  const child = spawn(process.execPath, ['--import', tsx, program], {
    cwd: dir,
    env: { ...env, DATA_DIR: join(dir, 'data') },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stderr.resume()
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string | undefined> => {
    const next = await lines.next()
    return next.done === true ? undefined : next.value
  }
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  expect(await nextLine()).toBe('running')
  return { child, nextLine, ended }
}

test('the service goes on after kill -9, and SIGTERM ends it with code 0', async () => {
  const dir = temporaryDirectory()
  const killed = await startService(dir)
  killed.child.kill('SIGKILL')
  expect(await killed.ended).toEqual([null, 'SIGKILL'])

  const service = await startService(dir)
  const log = await openLog(join(dir, 'data'))
  onTestFinished(() => log.close())
  await log.producer().send(words, { key: 'a', value: 'loud' })
  for await (const { value } of log.read(loudWords, { follow: true })) {
    expect(value).toBe('LOUD')
    break
  }
  service.child.kill('SIGTERM')
  expect(await service.nextLine()).toBe('stopped')
  expect(await service.ended).toEqual([0, null])
  expect(await collect(log.read(loudWords))).toHaveLength(1)
})

test('the service that a newer one fences ends with code 3, and the unit does not restart that', async () => {
  const dir = temporaryDirectory()
  const older = await startService(dir)
  const newer = await startService(dir)
  const log = await openLog(join(dir, 'data'))
  onTestFinished(() => log.close())
  await log.producer().send(words, { key: 'a', value: 'news' }) // an idle one need not notice
  expect(await older.ended).toEqual([3, null])
  newer.child.kill('SIGTERM')
  expect(await newer.ended).toEqual([0, null])
  expect(block('ini', '[Unit]')).toContain('\nRestartPreventExitStatus=3\n')
})

const systemd = spawnSync('systemd-analyze', ['--version']).status === 0

test.runIf(systemd)('systemd understands the unit', () => {
  const unit = block('ini', '[Unit]').replace('/usr/bin/node', process.execPath)
  const path = write(temporaryDirectory(), 'loud-words.service', unit)
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('loud-words'))
  expect({ status, said }).toEqual({ status: 0, said: [] })
})

test('the test of the page passes', () => {
  const text = block('js', '// lengths.test.js').replace(/^import/m, "import { expect, test } from 'vitest'\nimport")
  const runner = `import { test } from 'node:test'
import assert from 'node:assert/strict'
const expect = (actual) => ({ toEqual: (expected) => assert.deepEqual(actual, expected) })
`
  const program = write(temporaryDirectory(), 'lengths.test.ts', runner + text.replace(/^import .*vitest.*$/m, ''))
  const { status, stdout } = spawnSync(process.execPath, ['--import', tsx, program], { env, encoding: 'utf8' })
  expect({ status, passed: stdout.includes('ok 1 - the length of a word') || stdout.includes('✔ the length') }).toEqual(
    {
      status: 0,
      passed: true,
    },
  )
})
