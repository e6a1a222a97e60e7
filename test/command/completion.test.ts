// What may come next on a command line: verbs, options and names, as the hidden verb says it to shells.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openLog } from 'millrace'
import { insertedByBash, readTypedLine } from '../../src/command/completion/typed-line.ts'
import { verbs } from '../../src/command/verbs.ts'
import { runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What is offered for a line: its kind, then the words without what they are. */
async function offered(line: string, data = 'nowhere', ...options: readonly string[]): Promise<readonly string[]> {
  const ran = await runInProcess(['__complete', ...options, '--', line], {
    env: { MILLRACE_DIR: data, HOME: '/nowhere' },
  })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return ran.stdout
    .trimEnd()
    .split('\n')
    .map((answer) => answer.split('\t', 1)[0] as string)
}

const nouns = [...new Set(verbs.map(({ name }) => name.split(' ', 1)[0] as string))]

test('first words, second words, and nothing after words that are no verb', async () => {
  expect(await offered('millrace ')).toEqual(['words', ...nouns])
  expect(await offered('millrace to')).toEqual(['words', 'topic'])
  expect(await offered('/usr/bin/millrace topic d')).toEqual(['words', 'describe', 'delete'])
  expect(await offered('millrace --json topic tr')).toEqual(['words', 'trim'])
  expect(await offered('millrace help topic tr')).toEqual(['words', 'trim'])
  expect(await offered('millrace tpoic ')).toEqual(['words'])
  expect(await offered('millrace topic lsit ')).toEqual(['words'])
})

test('each verb offers each of its options with what the help says of it, and no other', async () => {
  for (const { name, load } of verbs) {
    const { verb } = await load()
    const declared = Object.values(verb.options ?? {}).flatMap(({ flags }) =>
      flags.split(/[ ,]+/).filter((one) => one.startsWith('-')),
    )
    const shared = ['--dir', '--json', '--utc', '--verbose', '--help', '-d']
    expect((await offered(`millrace ${name} -`)).slice(1).toSorted()).toEqual(
      [...new Set([...declared, ...shared])].toSorted(),
    )
  }
  const { stdout } = await runInProcess(['__complete', '--', 'millrace topic create --if'])
  expect(stdout).toBe('words\n--if-not-exists\tleave a topic that is there as it is\n')
})

test('an option that was given is not offered again, unless it may be', async () => {
  expect(await offered('millrace topic delete --y')).toEqual(['words', '--yes'])
  expect(await offered('millrace topic delete -y --y')).toEqual(['words'])
  expect(await offered('millrace topic alter a --reset retentionMs --re')).toEqual(['words', '--reset'])
  expect(await offered('millrace topic delete -- --y')).toEqual(['words'])
})

test('names come from the directory that the line, or MILLRACE_DIR, names', async () => {
  const { dir, data } = await commandWorld({ applications: true })
  expect(await offered('millrace topic describe ', data)).toEqual([
    'words',
    'clicks',
    'invoices',
    'invoices.dead-letters',
    'orders',
    'page-totals',
    'raw',
  ])
  expect(await offered('millrace consume clicks or', data)).toEqual(['words', 'orders'])
  expect(await offered('millrace topic describe clicks ', data)).toEqual(['words'])
  expect(await offered('millrace group lag ', data)).toEqual(['words', 'billing', 'invoices', 'page-counts'])
  expect(await offered('millrace consume -g bi', data)).toEqual(['words', 'billing'])
  expect(await offered('millrace app describe ', data)).toEqual(['words', 'invoices', 'page-counts'])
  expect(await offered('millrace store get page-counts ', data)).toEqual(['words', 'per-minute', 'totals'])
  expect(await offered('millrace store get invoices ', data)).toEqual(['words'])
  expect(await offered('millrace store get nothing ', data)).toEqual(['words'])
  expect(await offered('millrace replay switch page-counts ', data)).toEqual(['words', 'v1'])
  expect(await offered('millrace app drop-operator page-counts count', data)).toEqual(['words', 'count-minutes'])
  expect(await offered('millrace app drop-operator page-counts count-minutes clicks.groupBy.', data)).toEqual([
    'words',
    'clicks.groupBy.count',
  ])
  for (const line of [`millrace -d '${data}' topic describe c`, `millrace topic describe --dir=${data} c`]) {
    expect(await offered(line)).toEqual(['words', 'clicks'])
  }
  expect(await offered(`millrace --dir ${dir}/none topic describe `, data)).toEqual(['words'])
})

test('values have the words that they may be, or are left to the shell', async () => {
  expect(await offered('millrace produce raw -z ')).toEqual(['words', 'none', 'gzip', 'snappy', 'lz4', 'zstd'])
  expect(await offered('millrace produce raw --compression=z')).toEqual(['words', '--compression=zstd'])
  expect(await offered('millrace produce raw --compression=z', 'nowhere', '--breaks', '=')).toEqual(['words', 'zstd'])
  expect(await offered('millrace completion ')).toEqual(['words', 'bash', 'zsh', 'fish'])
  expect(await offered('millrace topic create a -c ret')).toEqual(['open', 'retentionMs=', 'retentionBytes='])
  expect(await offered('millrace topic alter a --reset ret')).toEqual(['words', 'retentionMs', 'retentionBytes'])
  expect(await offered('millrace --dir ')).toEqual(['directories'])
  expect(await offered('millrace topic list --dir=x')).toEqual(['directories'])
  expect(await offered('millrace restore ')).toEqual(['directories'])
  expect(await offered('millrace topic create a -p ')).toEqual(['words'])
})

test('odd names are offered where they may stand, and never what a terminal would obey', async () => {
  const data = temporaryDirectory()
  await using log = await openLog(data, { maintenance: false })
  for (const name of ['-rf', '--json', 'a.b_c-d', '0']) await log.admin.createTopic({ name })
  expect(await offered('millrace topic describe ', data)).toEqual(['words', '0', 'a.b_c-d'])
  expect(await offered('millrace topic describe -- ', data)).toEqual(['words', '--json', '-rf', '0', 'a.b_c-d'])
})

test('whatever a word is, what bash is to insert is read back as that word', () => {
  const quotes = fc.constantFrom('', "'", '"')
  const unit = fc.oneof(
    fc.constantFrom(' ', "'", '"', '$', '`', '\\', '!', '~', '#', '=', ':', '*', '\n'),
    fc.nat(0xffff).map((code) => String.fromCharCode(code)),
  )
  fc.assert(
    fc.property(fc.string({ unit, minLength: 1 }), quotes, (word, quote) => {
      const inserted = insertedByBash(word, readTypedLine(`millrace ${quote}`).current)
      if (inserted === undefined) return
      expect(readTypedLine(`millrace ${quote}${inserted}${quote} `).words).toEqual(['millrace', word])
    }),
  )
})

test('a line is read as a shell splits it, and nothing in it is expanded', () => {
  const at = (line: string): readonly string[] => {
    const { words, current } = readTypedLine(line)
    return [...words, `${current.text}|${current.quote}`]
  }
  expect(at(String.raw`a 'b c' "d \" $(e) \f" g\ h i`)).toEqual(['a', 'b c', String.raw`d " $(e) \f`, 'g h', 'i|'])
  expect(at(`a 'b c`)).toEqual(['a', `b c|'`])
  expect(at(`a "b 'c`)).toEqual(['a', `b 'c|"`])
  expect(at(`a ''`)).toEqual(['a', '|'])
  expect(at(`a '' `)).toEqual(['a', '', '|'])
  expect(at('')).toEqual(['|'])
})
