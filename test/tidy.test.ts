// The house rules as tests. Every gate first proves itself: a planted violation is found, a clean sample passes. Then the
// repository itself must pass it.
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { errorMeanings } from '../src/core/errors.ts'
import { codeOf, importsOf } from './support/source.ts'
import * as tidy from './support/tidy.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const tree = tidy.readTree(root)

interface Proof {
  readonly rule: string
  readonly gate: tidy.Gate
  /** The same gate over made-up settings, where the real ones stand in the repository. */
  readonly provedBy?: tidy.Gate
  readonly clean: tidy.Tree
  /** Trees with one violation each, and what its report contains. */
  readonly planted: readonly (readonly [string, tidy.Tree])[]
}

const head = '// Why this file exists, in words.\n'
const lines = (count: number): string => '// one more line\n'.repeat(count)
const file = (code: string, path = 'src/log/a.ts'): tidy.Tree => ({ [path]: head + code })
const linter = (edit: (text: string) => string): tidy.Tree => ({ '.oxlintrc.json': edit(tree['.oxlintrc.json'] ?? '') })
const slash = '/'
const tested = `expect(code).toBe('closed')\nexpect(error).toMatchObject({ code: "fenced" })`
const errorPage = (codes: readonly string[], test = tested): tidy.Tree => ({
  'docs/errors.md': ['| code | what |', '|---|---|', ...codes.map((code) => `| \`${code}\` | why |`)].join('\n'),
  'test/a.test.ts': test,
})

const proofs: readonly Proof[] = [
  {
    rule: 'imports go down the layers',
    gate: tidy.importsByLayer,
    clean: {
      'src/log/a.ts': `import { b } from './b.ts'\nimport type { c } from '../core/c.ts'\nimport { fs } from 'node:fs'`,
      'src/index.ts': `export { a } from './log/a.ts'\nexport { r } from './runtime/r.ts'`,
      'src/core/c.ts': `// import { a } from '../log/a.ts'\nconst text = "import { a } from '../log/a.ts'"`,
      'test/a.test.ts': `import { a } from '../src/index.ts'`,
    },
    planted: [
      ['src/log/a.ts:2 ../runtime/r.ts', file(`import { r } from '../runtime/r.ts'`)],
      ['src/log/a.ts:2 ../state/s.ts', file(`import type { s } from '../state/s.ts'`)],
      ['src/log/a.ts:2 ../plan/p.ts', file(`export type P = import('../plan/p.ts').P`)],
      ['src/log/a.ts:4 ../plan/p.ts', file(`import {\n  p,\n} from '../plan/p.ts'`)],
      ['src/log/a.ts:2 ../streams/s.ts', file('const s = await import(`../streams/s.ts`)')],
      ['src/streams/operators/map.ts:2', file(`export * from '../../runtime/r.ts'`, 'src/streams/operators/map.ts')],
      ['src/runtime/r.ts:2', file(`import { map } from '../streams/operators/map.ts'`, 'src/runtime/r.ts')],
      ['src/command/main.ts:2', file(`import { openLog } from '../index.ts'`, 'src/command/main.ts')],
      ['src/log/a.ts:2', file(`import { openLog } from 'millrace'`)],
      ['src/log/a.ts:2', file(`import { tree } from '../../test/support/tidy.ts'`)],
      ['src/index.ts:2 ./command/a.ts', file(`import { a } from './command/a.ts'`, 'src/index.ts')],
      ['src/testing/a.ts:2', file(`import { a } from '../command/a.ts'`, 'src/testing/a.ts')],
      ['src/dashboard/a.ts:2', file(`import { a } from '../command/a.ts'`, 'src/dashboard/a.ts')],
      ['src/dashboard/page/a.tsx:2', file(`import { a } from '../../command/a.ts'`, 'src/dashboard/page/a.tsx')],
      ['src/index.ts:2 ./dashboard/a.ts', file(`import { a } from './dashboard/a.ts'`, 'src/index.ts')],
      ['src/extra/a.ts:1', file('', 'src/extra/a.ts')],
      ['src/other.ts:1', file('', 'src/other.ts')],
    ],
  },
  {
    rule: 'inside the log, imports go down its rooms',
    gate: tidy.importsByRoom,
    clean: {
      'src/log/kept/a.ts': `import { b } from '../format/b.ts'\nimport { c } from './c.ts'`,
      'src/log/log.ts': `import { a } from './admin/a.ts'\nimport type { C } from './contract.ts'`,
      'src/runtime/r.ts': `import type { C } from '../log/contract.ts'`,
    },
    planted: [
      ['src/log/format/a.ts:2 ../kept/b.ts', file(`import type { b } from '../kept/b.ts'`, 'src/log/format/a.ts')],
      ['src/log/kept/a.ts:2 ../group/b.ts', file(`import { b } from '../group/b.ts'`, 'src/log/kept/a.ts')],
      ['src/log/group/a.ts:2 ../cleaning/b.ts', file(`import { b } from '../cleaning/b.ts'`, 'src/log/group/a.ts')],
      ['src/log/kept/a.ts:2 ../embedded-log.ts', file(`import '../embedded-log.ts'`, 'src/log/kept/a.ts')],
      [
        'src/log/producer/a.ts:2 ../embedded-log.ts',
        file(`import type { EmbeddedLog } from '../embedded-log.ts'`, 'src/log/producer/a.ts'),
      ],
      ['src/log/producer/a.ts:2 ../consumer/b.ts', file(`import '../consumer/b.ts'`, 'src/log/producer/a.ts')],
      ['src/log/admin/a.ts:2 ../log.ts', file(`import '../log.ts'`, 'src/log/admin/a.ts')],
      ['src/log/extra/a.ts:1', file('', 'src/log/extra/a.ts')],
      ['src/log/extra.ts:1', file('', 'src/log/extra.ts')],
    ],
  },
  {
    rule: 'tests of the log mirror its rooms',
    gate: tidy.logTestsByRoom,
    clean: { 'test/log/group/a.test.ts': '', 'test/log/a.test.ts': '', 'test/crash/extra/a.ts': '' },
    planted: [
      ['test/log/extra/a.test.ts:1', { 'test/log/extra/a.test.ts': '' }],
      ['test/log/groups/b/a.ts:1', { 'test/log/groups/b/a.ts': '' }],
    ],
  },
  {
    rule: 'the runtime knows a log by its contracts',
    gate: tidy.runtimeKnowsContracts,
    clean: {
      'src/runtime/a.ts': `import type { C } from '../log/contract.ts'\nimport type { Log } from '../log/face.ts'`,
      'src/runtime/b.ts': `import { BatchCursor } from '../log/format/batch-cursor.ts'\nimport { c } from './a.ts'`,
      'src/testing/a.ts': `import { EmbeddedLog } from '../log/embedded-log.ts'`,
    },
    planted: [
      ['src/runtime/a.ts:2 ../log/kept/b.ts', file(`import type { b } from '../log/kept/b.ts'`, 'src/runtime/a.ts')],
      ['src/runtime/a.ts:2 ../log/log.ts', file(`import { openLog } from '../log/log.ts'`, 'src/runtime/a.ts')],
      ['src/runtime/a.ts:2', file(`import type { E } from '../log/embedded-session.ts'`, 'src/runtime/a.ts')],
      ['src/runtime/a.ts:2', file(`import type { P } from '../log/producer/face.ts'`, 'src/runtime/a.ts')],
    ],
  },
  {
    rule: 'the page runs in a browser',
    gate: tidy.pageStandsAlone,
    clean: {
      'src/dashboard/page/a.tsx': `import { h } from 'preact'\nimport type { V } from '../views.ts'\nimport { b } from './b.ts'`,
      'src/dashboard/page/b.ts': `import { escaped } from '../../core/escaped.ts'`,
      'src/dashboard/server.ts': `import { createServer } from 'node:http'`,
    },
    planted: [
      ['src/dashboard/page/a.tsx:2', file(`import { shown } from '../../core/shown.ts'`, 'src/dashboard/page/a.tsx')],
      ['src/dashboard/page/a.ts:2', file(`import { inspect } from 'node:util'`, 'src/dashboard/page/a.ts')],
      ['src/core/escaped.ts:2', file(`import { shown } from './shown.ts'`, 'src/core/escaped.ts')],
    ],
  },
  {
    rule: 'no ring of imports, types included',
    gate: tidy.noRing,
    clean: {
      'src/log/a.ts': `import './b.ts'\nimport './c.ts'`,
      'src/log/b.ts': `import './c.ts'`,
      'src/log/c.ts': '',
      'src/streams/dsl/a.ts': `import type { b } from './b.ts'\nexport type { c } from '../../log/c.ts'`,
      'src/streams/dsl/b.ts': `import type {\n  a,\n} from './a.ts'`,
    },
    planted: [
      [
        'src/log/a.ts',
        { 'src/log/a.ts': `import { b } from './b.ts'`, 'src/log/b.ts': `import type { a } from './a.ts'` },
      ],
      [
        'src/log/a.ts',
        { 'src/log/a.ts': `import './b.ts'`, 'src/log/b.ts': `import './c.ts'`, 'src/log/c.ts': `import './a.ts'` },
      ],
      ['src/log/a.ts', { 'src/log/a.ts': `import './a.ts'` }],
      ...[
        `import { b } from './b.ts'`,
        `import type { c } from '../c.ts'\nimport { b } from './b.ts'`,
        `import './b.ts'`,
      ].map(
        (code) =>
          [
            './b.ts: faces only',
            { 'src/streams/dsl/a.ts': code, 'src/streams/dsl/b.ts': `import type { a } from './a.ts'` },
          ] as const,
      ),
      [
        'src/streams/dsl/',
        {
          'src/streams/dsl/a.ts': `import type { b } from './b.ts'`,
          'src/streams/dsl/b.ts': `import type { c } from '../c.ts'`,
          'src/streams/c.ts': `import type { a } from './dsl/a.ts'`,
        },
      ],
    ],
  },
  {
    rule: 'the linter knows the one ring of types',
    gate: tidy.linterKnowsTheFaces,
    clean: linter((text) => text),
    planted: [
      [
        'a face importing a value',
        linter((text) => text.replace('"allowTypeImports": true', '"allowTypeImports": false')),
      ],
      ['a ring of types is allowed', linter((text) => text.replace('"ignoreTypes": false', '"ignoreTypes": true'))],
      ['may name each other', linter((text) => text.replace('"ignoreTypes": true', '"ignoreTypes": false'))],
      [
        'the faces may import ^msgpackr',
        linter((text) => text.replace(/("src\/streams\/dsl[^]*?)\^msgpackr/, (_, before) => `${before}^never`)),
      ],
    ],
  },
  {
    rule: 'each package lives in one folder',
    gate: tidy.packagesAtHome,
    clean: {
      'src/storage/a.ts': `import { open } from 'lmdb'\nimport { join } from 'node:path'`,
      'src/core/a.ts': `import { pack } from 'msgpackr'\nimport { map } from 'rxjs'`,
      'src/log/a.ts': `import { crc } from '@scope/crc'\nimport { map } from 'rxjs/operators'`,
      'src/log/b.ts': `import { crc } from '@scope/crc/fast'`,
    },
    planted: [
      ['src/log/a.ts:2 lmdb', file(`import type { Database } from 'lmdb'`)],
      ['src/log/a.ts:2 msgpackr', file(`import { pack } from 'msgpackr/pack'`)],
      [
        'src/state/b.ts:1 @scope/crc',
        { 'src/log/a.ts': `import '@scope/crc'`, 'src/state/b.ts': `import '@scope/crc'` },
      ],
    ],
  },
  {
    rule: 'the linter knows the same layers',
    gate: tidy.linterAgrees,
    clean: linter((text) => text),
    planted: [
      ['.oxlintrc.json:1 core importing ../log/x.ts', linter((text) => text.replace('storage|log|', 'storage|'))],
      ['.oxlintrc.json:1 core importing lmdb', linter((text) => text.replace('^(lmdb', '^(never'))],
    ],
  },
  {
    rule: 'file names say what is in the file',
    gate: tidy.tellingNames,
    clean: { 'src/log/record-batch.ts': '', 'src/streams/operators/map.ts': '', 'test/support/helpers.ts': '' },
    planted: [
      'log/utils',
      'log/batch-helpers',
      'helpers/a',
      'types',
      'log/log-impl',
      'internal/a',
      'log/AbstractLog',
      'log/a_b',
    ].map((name) => [`src/${name}.ts:1`, { [`src/${name}.ts`]: head }] as const),
  },
  {
    rule: 'a file begins with its reason',
    gate: tidy.fileHeads,
    clean: {
      'src/log/a.ts': '// Appends batches to a partition.\nexport {}',
      'src/log/b.ts': '/**\n * Reads batches from a partition.\n */\nexport {}',
      'src/command/main.ts': '#!/usr/bin/env node\n// The command line of millrace.\nexport {}',
    },
    planted: [
      ['src/log/a.ts:1', { 'src/log/a.ts': 'export {}' }],
      ['src/log/a.ts:1', { 'src/log/a.ts': '\n// Appends batches to a partition.\nexport {}' }],
      ['src/log/a.ts:1', { 'src/log/a.ts': '// log\nexport {}' }],
      ['src/log/a.ts:1', { 'src/log/a.ts': '/* oxlint-disable no-console, no-var, no-empty */\nexport {}' }],
    ],
  },
  {
    rule: 'no any',
    gate: tidy.noAny,
    clean: file(
      `// any, as any\nconst any = /: any/\nconst a = { any: 1, text: 'x: any', many: \`as any\` }\nfc.any()`,
    ),
    planted: [
      'a: any',
      'a = b as any',
      '<any>b',
      'Map<string, any>',
      'readonly any[]',
      '() => any',
      'x = `${b as any}`',
    ].map((code) => ['src/log/a.ts:2', file(code)] as const),
  },
  {
    rule: 'an optional property may be undefined',
    gate: tidy.optionalIsUndefined,
    clean: file(
      [
        'interface A { readonly a?: number | undefined; readonly b?: unknown }',
        'interface B {\n  readonly a?:\n    | number\n    | undefined\n  readonly b?: (() => void) | undefined\n}',
        'type C = { readonly [N in keyof D]?: D[N] | undefined }',
        'function f(options?: A, { a }: { readonly a?: undefined } = {})',
        '// readonly a?: number',
      ].join('\n'),
    ),
    planted: [
      'interface A { readonly a?: number }',
      'interface A { readonly a?: () => number | undefined }',
      'interface A { readonly a?: undefined | number, readonly b?: undefined }',
      'interface A { readonly a?: { readonly b: number | undefined } }',
      'type A = { readonly [N in keyof D]?: D[N] | null }',
      'function f(options: { readonly a?: Map<string, undefined> } = {})',
    ].map((code) => ['src/log/a.ts:2', file(code)] as const),
  },
  {
    rule: 'time and chance come from outside',
    gate: tidy.noClock,
    clean: {
      ...file(`new Date(timestamp)\nclock.setTimeout(f, 1)\n// Date.now()\nsetImmediate(f)`),
      ...file('Date.now()', 'src/core/clock.ts'),
    },
    planted: [
      'Date.now()',
      'new Date()',
      'new Date',
      'setTimeout(f, 1)',
      'globalThis.setInterval(f, 1)',
      'Math.random()',
      'performance.now()',
    ].map((code) => ['src/log/a.ts:3', file(`\nid = \`\${${code}}\``)] as const),
  },
  {
    rule: 'timers are not imported either',
    gate: tidy.noTimerImports,
    clean: file(`import { x } from './timers.ts'`),
    planted: [['src/log/a.ts:2', file(`import { setTimeout } from 'node:timers/promises'`)]],
  },
  {
    rule: 'every log is durable',
    gate: tidy.everyLogIsDurable,
    clean: {
      ...file('open({ overlappingSync: false, noSync: throwAway, path }) // noSync: true', 'src/storage/a.ts'),
      ...file('function f({ throwAway = false }: { readonly throwAway: boolean })', 'src/storage/b.ts'),
      ...file('Environment.openNow(dir, { throwAway: true })', 'src/testing/a.ts'),
    },
    planted: [
      'noSync: true',
      'noSync: options.fast',
      'noMetaSync: true',
      'mapAsync: true',
      'overlappingSync: true',
      'f({ throwAway: true })',
      'options.throwAway = fast',
    ].map((code) => ['src/storage/a.ts:2', file(code, 'src/storage/a.ts')] as const),
  },
  {
    rule: 'only the test driver throws its log away',
    gate: tidy.throwAwayIsForTesting,
    clean: file('Environment.openNow(dir, { throwAway })', 'src/testing/a.ts'),
    planted: [['src/log/log.ts:2', file('Environment.openNow(dir, { throwAway })', 'src/log/log.ts')]],
  },
  {
    rule: 'tests of durability have durable logs',
    gate: tidy.durableWhereItCounts,
    clean: {
      'test/faults/a.test.ts': 'const { log } = openDurableLog() // not openTestLog()',
      'test/log/a.test.ts': 'const { log } = openTestLog()',
    },
    planted: ['contract', 'crash', 'faults', 'powercut', 'soak', 'storage'].flatMap((folder) =>
      ['openTestLog()', 'Environment.openNow(dir, { throwAway: true })'].map(
        (code) => [`test/${folder}/a.ts:1`, { [`test/${folder}/a.ts`]: code }] as const,
      ),
    ),
  },
  {
    rule: 'files are short',
    gate: tidy.shortFiles,
    clean: { 'src/log/a.ts': lines(400), 'test/a.test.ts': lines(401) },
    planted: [['src/log/a.ts:400', { 'src/log/a.ts': lines(401) }]],
  },
  {
    rule: 'lines are short where they are read',
    gate: tidy.shortLines,
    clean: {
      'src/log/a.ts': [
        `// ${'x'.repeat(117)}`,
        `const a = '${'x'.repeat(120)}'`,
        `const url = 'https://${'x'.repeat(120)}' // ok`,
        '/**',
        ` * | ${'x'.repeat(120)} |`,
        ` * see https://${'x'.repeat(120)}`,
        ' */',
      ].join('\n'),
      'docs/a.md': `${'x'.repeat(120)}\n| ${'x'.repeat(120)} |\n\`\`\`\n${'x'.repeat(121)}\n\`\`\`\n[a](${'x'.repeat(120)})`,
      'test/a.test.ts': `// ${'x'.repeat(120)}`,
    },
    planted: [
      ['src/log/a.ts:2', file(`// ${'x'.repeat(118)}`)],
      ['src/log/a.ts:2', file(`/** ${'x'.repeat(120)} */`)],
      ['src/log/a.ts:3', file(`/**\n * ${'x'.repeat(118)}\n */`)],
      ['src/log/a.ts:4', file(`/**\n * \`\`\`ts\n * ${'x'.repeat(118)}\n * \`\`\`\n */`)],
      ['src/log/a.ts:2', file(`const a = 'b' // ${'x'.repeat(120)}`)],
      ['docs/a.md:1', { 'docs/a.md': 'x'.repeat(121) }],
      ['docs/decisions/a.md:3', { 'docs/decisions/a.md': `\`\`\`\n\`\`\`\n- ${'x'.repeat(121)}` }],
      ['README.md:1', { 'README.md': `[a](b) ${'x'.repeat(121)}` }],
      ['test/a/README.md:1', { 'test/a/README.md': 'x'.repeat(121) }],
    ],
  },
  {
    rule: 'words are those of a native speaker',
    gate: tidy.plainWords,
    clean: {
      ...file(
        [
          '// A reader that lags far behind leaves a snapshot behind.',
          `throw new Error('nobody is behind so many of them') // no one is`,
          '/**',
          ' * It looks again, at the inside of `behind`.',
          ' * ```ts',
          ' * nobody()',
          ' * ```',
          ' */',
          'const nobody = behind * whoever',
        ].join('\n'),
      ),
      'docs/a.md': 'This many, as hard as you like.\n```\nnobody\n```\n',
      'test/a.test.ts': '// nobody',
    },
    planted: [
      ['src/log/a.ts:2 "behind"', file('// The offset behind the last record.')],
      ['src/log/a.ts:2 "behind"', file('const end = 1 // one behind the last')],
      ['src/log/a.ts:2 "so many"', file('/** A segment is closed when it holds so many batches. */')],
      ['src/log/a.ts:3 "so many"', file('/**\n * It holds so\n * many batches.\n */')],
      ['docs/a.md:1 "anew"', { 'docs/a.md': 'The index is made anew.' }],
      ['README.md:2 "as hardly as"', { 'README.md': 'a\nKill it as hardly as you like.' }],
      ['docs/a.md:1 "Whoever"', { 'docs/a.md': 'Whoever reads, waits.' }],
      ['docs/a.md:1 "nobody"', { 'docs/a.md': '| a | nobody |' }],
      ['examples/README.md:1 "nobody"', { 'examples/README.md': 'It needs nobody.' }],
      ['src/log/a.ts:2 "of the future"', file('// A time of the future.')],
      ['src/log/a.ts:2 "two looks"', file('// Between two looks at the clock.')],
      ['src/log/a.ts:2 "look-up"', file('// One look-up for each.')],
      ['src/log/a.ts:2 "outside of"', file('// Called outside of a turn.')],
      ['src/log/a.ts:2 "worked off"', file('// All is worked off.')],
      ['src/log/a.ts:2 "any more"', file('// It is not kept any more.')],
      ['src/log/a.ts:2 "as of one moment"', file('// All as of one moment.')],
      ['src/log/a.ts:2 "turn of the event loop"', file('// In each turn of the event loop.')],
    ],
  },
  {
    rule: 'every test runs',
    gate: tidy.everyTestRuns,
    clean: {
      'test/a.test.ts': `test('skip', f)\n// test.only\ntest.each([1])('x', f)\nreader.skip(3)`,
      'src/log/a.ts': 'test.only()',
    },
    planted: [
      'test.only(f)',
      'it.skip(f)',
      'describe.todo(f)',
      'test.concurrent.only(f)',
      'test("x", { skip: true }, f)',
    ].map((code) => ['test/a.test.ts:1', { 'test/a.test.ts': code }] as const),
  },
  {
    rule: 'no path of one machine',
    gate: tidy.noMachinePaths,
    clean: {
      'README.md': `see https://a.org/home/x, .${slash}work/x, src${slash}work/x and ${slash}tmp/clicks`,
      'docs/a.md': '/homes/',
    },
    planted: ['work', 'home', 'tmp/bash_jobs.0', 'root'].flatMap((place) =>
      [' ', '"', '=', `file:${slash}${slash}`].map(
        (before) => ['docs/a.md:2', { 'docs/a.md': `a\n${before}${slash}${place}/x` }] as const,
      ),
    ),
  },
  {
    rule: 'each error code has a row and a test',
    gate: tidy.errorCodes(Object.keys(errorMeanings)),
    provedBy: tidy.errorCodes(['closed', 'fenced']),
    clean: errorPage(['closed', 'fenced']),
    planted: [
      ['docs/errors.md:1 no row for `fenced`', errorPage(['closed'])],
      ['docs/errors.md:1 a row for `lost`', errorPage(['closed', 'fenced', 'lost'])],
      ['docs/errors.md:1 two rows for `fenced`', errorPage(['closed', 'fenced', 'fenced'])],
      [`src/core/errors.ts:1 no test names 'fenced'`, errorPage(['closed', 'fenced'], `'closed' fenced`)],
    ],
  },
]

describe.each(proofs)('$rule', ({ gate, provedBy = gate, clean, planted }) => {
  test('finds each planted violation', () => {
    const found = planted.map(([, sample]) => provedBy(sample))
    expect(found).toEqual(planted.map(([place]) => [expect.stringContaining(place)]))
  })

  test('lets a clean sample pass', () => {
    expect(provedBy(clean)).toEqual([])
  })

  test('holds in the repository', () => {
    expect(gate(tree)).toEqual([])
  })
})

test('an error table without codes is a violation', () => {
  expect(tidy.errorCodes([])({})).toHaveLength(1)
})

test('the repository that the gates look at is not empty', () => {
  expect(Object.keys(tree)).toEqual(expect.arrayContaining(['package.json', 'src/core/errors.ts', 'test/tidy.test.ts']))
})

test('code is told from comments, strings, templates and regular expressions', () => {
  const text = 'a(/[/"]\\//g) / b /* c */ + `d${e({ f: `g${h}` })}i` // j\n'
  expect(codeOf(text).replace(/ +/g, ' ')).toBe('a( ) / b + ` ${e({ f: ` ${h}` })} ` \n')
  expect(codeOf(text)).toHaveLength(text.length)
  expect(importsOf('src/a/b.ts', `import 'c'\nimport x from "../d.ts"`)).toMatchObject([
    { package: 'c' },
    { path: 'src/d.ts', line: 2 },
  ])
})
