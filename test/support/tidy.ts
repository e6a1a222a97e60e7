// The house rules as gates: each takes files and returns what is wrong with them. test/tidy.test.ts runs them.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { codeOf, importsOf, lineAt } from './source.ts'

/** Paths from the root, with `/`, and what the files hold. */
export type Tree = Readonly<Record<string, string>>

/** Returns one line per violation: `path:line what is wrong`. */
export type Gate = (tree: Tree) => string[]

const core = ['core']
const engine = ['plan', 'state', 'log', 'storage', ...core]
const everything = ['testing', 'replay', 'runtime', 'streams', ...engine]

/** Each folder of src and the folders that it may import, beside itself. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  core: [],
  storage: core,
  log: ['storage', ...core],
  plan: core,
  state: ['plan', 'storage', ...core],
  streams: ['plan', ...core],
  runtime: engine,
  replay: ['runtime', ...engine],
  // A test driver fills the stores of processors as processors do.
  testing: ['runtime', 'streams', ...engine],
  // Stored data as it is shown, without a program at hand.
  inspect: ['runtime', ...engine],
  dashboard: ['inspect', ...everything],
  command: ['dashboard', 'inspect', ...everything],
  // Not the command, nor the dashboard: importing the library loads none of what they need.
  'index.ts': everything,
}

const format = ['format']
const kept = ['kept', ...format]
const inside = ['cleaning', 'group', ...kept]
const clients = ['producer', 'consumer', 'verify', ...inside]

/** Each room of src/log, and each file beside the rooms, with what of src/log it may import beside itself. */
export const roomsOfLog: Readonly<Record<string, readonly string[]>> = {
  format: [],
  kept: format,
  cleaning: kept,
  group: kept,
  'contract.ts': kept,
  'held-clock.ts': [],
  'embedded-session.ts': ['contract.ts', ...inside],
  'embedded-log.ts': ['contract.ts', 'embedded-session.ts', 'held-clock.ts', ...inside],
  producer: inside,
  verify: inside,
  consumer: ['producer', ...inside],
  outputs: ['contract.ts', ...clients],
  admin: ['contract.ts', 'outputs', ...clients],
  'face.ts': ['admin', ...clients],
  'log.ts': ['face.ts', 'embedded-log.ts', 'contract.ts', 'admin', ...clients],
}

/** Packages and the one folder that may import them; any other package may live in one folder of its choice. */
export const homes: Readonly<Record<string, string>> = {
  lmdb: 'storage',
  'fs-native-extensions': 'storage',
  msgpackr: 'core',
}

/** Packages that every folder may import. */
const everywhere = ['rxjs']

const clockPath = 'src/core/clock.ts'
/** A page has no clock that is passed in: this file is its own. */
const clockOfPage = 'src/dashboard/page/browser-clock.ts'
const isClock = (path: string): boolean => path === clockPath || path === clockOfPage
const linesMax = 400

const inSource = (path: string): boolean => /^src\/.*\.tsx?$/.test(path)
const inTests = (path: string): boolean => path.startsWith('test/') && path.endsWith('.ts')
const layerOf = (path: string): string => path.split('/')[1] as string

/** A gate that looks at one file at a time. */
function eachFile(chosen: (path: string) => boolean, check: (path: string, text: string) => string[]): Gate {
  return (tree) => Object.entries(tree).flatMap(([path, text]) => (chosen(path) ? check(path, text) : []))
}

/** A gate that looks for patterns in code, never in comments and strings. */
function inCode(chosen: (path: string) => boolean, wrong: RegExp, why: string): Gate {
  return eachFile(chosen, (path, text) => {
    const code = codeOf(text)
    return [...code.matchAll(wrong)].map((found) => `${path}:${lineAt(code, found.index)} ${found[0].trim()}: ${why}`)
  })
}

/** Imports go down the table of layers, and name the file that defines what they want. */
export const importsByLayer = eachFile(inSource, (path, text) => {
  const layer = layerOf(path)
  const allowed = layers[layer]
  if (allowed === undefined) return [`${path}:1 src/${layer} has no row in the table of layers`]
  return importsOf(path, text).flatMap((imported) => {
    const place = `${path}:${imported.line} ${imported.specifier}:`
    if (imported.package === 'millrace') return [`${place} inside src, import the file`]
    if (imported.path === undefined) return []
    if (!inSource(imported.path)) return [`${place} leaves src or names no .ts file`]
    if (posix.basename(imported.path) === 'index.ts') return [`${place} import the file, never a barrel`]
    const target = layerOf(imported.path)
    return target === layer || allowed.includes(target) ? [] : [`${place} ${layer} may not import ${target}`]
  })
})

const roomOf = (path: string): string | undefined => /^src\/log\/([^/]+)/.exec(path)?.[1]

/** Inside src/log, imports go down the table of its rooms. */
export const importsByRoom = eachFile(
  (path) => inSource(path) && roomOf(path) !== undefined,
  (path, text) => {
    const room = roomOf(path) as string
    const allowed = roomsOfLog[room]
    if (allowed === undefined) return [`${path}:1 src/log/${room} has no row in the table of rooms`]
    return importsOf(path, text).flatMap(({ path: imported, line, specifier }) => {
      const target = imported === undefined ? undefined : roomOf(imported)
      if (target === undefined || target === room || allowed.includes(target)) return []
      return [`${path}:${line} ${specifier}: log/${room} may not import log/${target}`]
    })
  },
)

/** What the browser's code may run of the rest: these import nothing themselves. */
const sharedWithPage: readonly string[] = [
  'src/core/escaped.ts',
  'src/inspect/amounts.ts',
  'src/inspect/counts.ts',
  'src/inspect/typed-times.ts',
]

/** The page of the dashboard runs in a browser: from outside its folder come only types, and what is shared. */
export const pageStandsAlone = eachFile(
  (path) => path.startsWith('src/dashboard/page/') || sharedWithPage.includes(path),
  (path, text) =>
    importsOf(path, text).flatMap((imported) => {
      const { path: target, line, specifier, isType } = imported
      if (isType || target?.startsWith('src/dashboard/page/') === true) return []
      if (target !== undefined && sharedWithPage.includes(target)) return []
      if (target === undefined && imported.package?.startsWith('node:') !== true && !sharedWithPage.includes(path)) {
        return []
      }
      return [`${path}:${line} ${specifier}: a browser cannot load it`]
    }),
)

/** The runtime sees a log through its contracts only: `face.ts` is what users hold, `contract.ts` what applications run on. */
const seenByRuntime: readonly string[] = ['contract.ts', 'face.ts', 'format']

/** What runs applications runs them on any log, so it knows nothing of the one in a directory. */
export const runtimeKnowsContracts = eachFile(
  (path) => path.startsWith('src/runtime/'),
  (path, text) =>
    importsOf(path, text).flatMap(({ path: imported, line, specifier }) => {
      const target = imported === undefined ? undefined : roomOf(imported)
      if (target === undefined || seenByRuntime.includes(target)) return []
      return [`${path}:${line} ${specifier}: runtime sees only ${seenByRuntime.join(', ')} of the log`]
    }),
)

/** A folder of test/log is a room of src/log; what tests the log as a whole lies beside the folders. */
export const logTestsByRoom = eachFile(inTests, (path) => {
  const folder = /^test\/log\/([^/]+)\//.exec(path)?.[1]
  if (folder === undefined || roomsOfLog[folder] !== undefined) return []
  return [`${path}:1 test/log/${folder} is not named after a room of src/log`]
})

/** The faces of the DSL name each other by nature: a stream makes tables, and a table streams. */
const facesPath = 'src/streams/dsl/'
const isFace = (path: string): boolean => path.startsWith(facesPath)

/**
 * No file reaches itself over its imports, type-only ones included. The faces of the DSL count as one file, in which
 * only types may go from one to the other.
 */
export const noRing: Gate = (tree) => {
  const reached = new Map<string, 'open' | 'done'>()
  const wrong: string[] = []
  const nodeOf = (path: string): string => (isFace(path) ? facesPath : path)
  const importsFrom = (path: string): string[] =>
    importsOf(path, tree[path] ?? '').flatMap((imported) => {
      const target = imported.path
      if (target === undefined) return []
      if (!isFace(path) || !isFace(target)) return [nodeOf(target)]
      if (!imported.isType)
        wrong.push(`${path}:${imported.line} ${imported.specifier}: faces only import types of faces`)
      return []
    })
  const graph = new Map<string, string[]>()
  for (const path of Object.keys(tree)) {
    if (inSource(path)) graph.set(nodeOf(path), [...(graph.get(nodeOf(path)) ?? []), ...importsFrom(path)])
  }
  const visit = (path: string, trail: readonly string[]): void => {
    if (reached.get(path) === 'done') return
    if (reached.get(path) === 'open') {
      wrong.push(`${path}:1 imports itself: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`)
      return
    }
    reached.set(path, 'open')
    for (const imported of graph.get(path) ?? []) visit(imported, [...trail, path])
    reached.set(path, 'done')
  }
  for (const path of graph.keys()) visit(path, [])
  return wrong
}

/** Each third-party package is imported in one folder only. */
export const packagesAtHome: Gate = (tree) => {
  const home = new Map(Object.entries(homes))
  return eachFile(inSource, (path, text) =>
    importsOf(path, text).flatMap((imported) => {
      const name = imported.package
      if (name === undefined || name.startsWith('node:') || name === 'millrace' || everywhere.includes(name)) return []
      if (!home.has(name)) home.set(name, layerOf(path))
      return home.get(name) === layerOf(path) ? [] : [`${path}:${imported.line} ${name} lives in src/${home.get(name)}`]
    }),
  )(tree)
}

/** The linter refuses the same imports as the table of layers. */
export const linterAgrees: Gate = (tree) => {
  const path = '.oxlintrc.json'
  const folders = Object.keys(layers).filter((layer) => layer !== 'index.ts')
  interface Config {
    overrides: { files: string[]; rules: Record<string, [string, { patterns: { regex: string }[] }] | undefined> }[]
  }
  const { overrides } = JSON.parse(tree[path] ?? '{"overrides":[]}') as Config
  return folders.flatMap((layer) => {
    const override = overrides.findLast((one) => one.files.includes(`src/${layer}/**/*.ts`))
    const patterns = override?.rules['no-restricted-imports']?.[1].patterns ?? []
    const refuses = (specifier: string): boolean => patterns.some(({ regex }) => new RegExp(regex).test(specifier))
    const wanted = [
      ...folders.map((other) => [`../${other}/x.ts`, other !== layer && !layers[layer]?.includes(other)] as const),
      ...Object.entries(homes).map(([name, home]) => [name, home !== layer] as const),
      ['../index.ts', true] as const,
    ]
    return wanted.flatMap(([specifier, refused]) =>
      refuses(specifier) === refused
        ? []
        : [`${path}:1 ${layer} importing ${specifier} should be ${refused ? 'refused' : 'allowed'}`],
    )
  })
}

/** The linter lets the faces of the DSL name each other, by type and nowhere else. */
export const linterKnowsTheFaces: Gate = (tree) => {
  const path = '.oxlintrc.json'
  interface Pattern {
    readonly regex: string
    readonly allowTypeImports?: boolean
  }
  interface Rules {
    readonly 'import/no-cycle'?: readonly [string, { readonly ignoreTypes: boolean }]
    readonly 'no-restricted-imports'?: readonly [string, { readonly patterns: readonly Pattern[] }]
  }
  interface Config {
    readonly rules?: Rules
    readonly overrides: readonly { readonly files: readonly string[]; readonly rules: Rules }[]
  }
  const { rules, overrides } = JSON.parse(tree[path] ?? '{"overrides":[]}') as Config
  const rulesOf = (files: string): Rules => overrides.findLast((one) => one.files.includes(files))?.rules ?? {}
  const faces = rulesOf(`${facesPath}**/*.ts`)
  const patterns = faces['no-restricted-imports']?.[1].patterns ?? []
  const around = rulesOf('src/streams/**/*.ts')['no-restricted-imports']?.[1].patterns ?? []
  const loose = overrides.filter((one) => one.rules['import/no-cycle'] !== undefined && one.rules !== faces)
  const said = patterns.map(({ regex }) => regex)
  return [
    ...(patterns.some(({ regex, allowTypeImports }) => new RegExp(regex).test('./x.ts') && allowTypeImports === true)
      ? []
      : [`${path}:1 a face importing a value of ./x.ts should be refused, and a type allowed`]),
    ...around.flatMap(({ regex }) => (said.includes(regex) ? [] : [`${path}:1 the faces may import ${regex}`])),
    ...(faces['import/no-cycle']?.[1].ignoreTypes === true ? [] : [`${path}:1 the faces may name each other`]),
    ...(rules?.['import/no-cycle']?.[1].ignoreTypes === false && loose.length === 0
      ? []
      : [`${path}:1 a ring of types is allowed outside of the faces`]),
  ]
}

const vague = /^(utils?|helpers?|commons?|types?|misc|managers?|impl|internals?|abstract|shared|stuff)$/

/** A file is named in kebab-case after what it holds. */
export const tellingNames = eachFile(inSource, (path) =>
  path
    .slice('src/'.length)
    .replace(/\.tsx?$/, '')
    .split('/')
    .flatMap((name) => {
      const word = name.split('-').find((part) => vague.test(part))
      if (word !== undefined) return [`${path}:1 "${word}" says nothing about what is in there`]
      return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ? [] : [`${path}:1 "${name}" is not kebab-case`]
    }),
)

/** A file begins with a comment that says why it exists. */
export const fileHeads = eachFile(inSource, (path, text) => {
  const head = /^(?:#!.*\n)?(?:\/\*\*?([^]*?)\*\/|((?:\/\/.*\n)+))/.exec(text)
  const words = (head?.[1] ?? head?.[2] ?? '').match(/[a-z]{2,}/gi) ?? []
  const directive = /oxlint-|eslint-|@ts-/.test(head?.[0] ?? '')
  return words.length < 4 || directive ? [`${path}:1 does not begin with a comment that says why the file exists`] : []
})

/** Nothing is typed `any`. */
export const noAny = inCode(
  inSource,
  /(?:[:<,|&=>?([]|\b(?:as|extends|keyof|readonly|is))\s*any\b(?!\s*[(:])/g,
  'use unknown',
)

/** Whoever has an optional value may pass it on as it is: undefined is as good as nothing. */
export const optionalIsUndefined = eachFile(inSource, (path, text) => {
  const code = codeOf(text)
  return [...code.matchAll(/\breadonly (\w+|\[[^\]]*\])\?: */g)].flatMap(({ 0: found, 1: name, index }) => {
    const type = outlineOf(code, index + found.length)
    if (/(?:^|\|\s*)(?:undefined|unknown)$/.test(type) && !type.includes('=>')) return []
    return [`${path}:${lineAt(code, index)} ${name} is optional, so its type ends with "| undefined"`]
  })
})

/** A type up to where its property ends, without what stands in brackets. */
function outlineOf(code: string, start: number): string {
  let depth = 0
  let outline = ''
  for (let at = start; at < code.length; at++) {
    const char = code[at] as string
    if (code.startsWith('=>', at)) {
      if (depth === 0) outline += '=>'
      at++
    } else if ('([{<'.includes(char)) depth++
    else if (')]}>'.includes(char)) {
      if (depth-- === 0) break
    } else if (depth === 0) {
      const isEnd = ';,'.includes(char) || (char === '\n' && !/^\s*[|&]/.test(code.slice(at)) && outline.trim() !== '')
      if (isEnd) break
      outline += char
    }
  }
  return outline.trim()
}

/** Wall-clock time, timers and chance come in from outside, so that a run can be repeated. */
export const noClock = inCode(
  (path) => inSource(path) && !isClock(path),
  /\bDate\.now\b|\bnew Date\b(?!\s*\(\s*[^\s)])|\bperformance\.now\b|\bprocess\.hrtime\b|\bMath\.random\b|(?<!(?<!\bglobalThis)\.)\bset(?:Timeout|Interval)\b/g,
  `only ${clockPath} may`,
)

/** Timers do not come in by import either. */
export const noTimerImports = eachFile(
  (path) => inSource(path) && !isClock(path),
  (path, text) =>
    importsOf(path, text).flatMap(({ line, specifier }) =>
      /^(node:)?timers\b/.test(specifier) ? [`${path}:${line} ${specifier}: only ${clockPath} may`] : [],
    ),
)

/** Every log is durable but that of the test driver: nothing else leaves out a flush, and no option of a user can ask for it. */
export const everyLogIsDurable = inCode(
  (path) => inSource(path) && !path.startsWith('src/testing/'),
  /\bno(?:Meta)?Sync\b(?!: throwAway,)|\bmapAsync\??\s*[:=]|\boverlappingSync: (?!false)\w+|\bthrowAway\??\s*[:=]\s*(?!boolean|false)\w+/g,
  'a commit is on the disk when it returns',
)

/** Outside of the storage nobody but the test driver knows that a log can be thrown away. */
export const throwAwayIsForTesting = inCode(
  (path) => inSource(path) && !/^src\/(?:storage|testing)\//.test(path),
  /\bthrowAway\b/g,
  'only src/testing throws a log away',
)

/** Where durability is what a test is about, its log is durable. */
export const durableWhereItCounts = inCode(
  (path) => /^test\/(?:contract|crash|faults|powercut|soak|storage)\//.test(path),
  /\b(?:throwAway|openTestLog)\b/g,
  'tests in this folder use openDurableLog',
)

/** A file ends before its reader's patience. */
export const shortFiles = eachFile(inSource, (path, text) => {
  const lines = text.trimEnd().split('\n').length
  return lines > linesMax ? [`${path}:${linesMax} ${lines} lines, split it`] : []
})

const columnsMax = 120

const isPage = (path: string): boolean => path.endsWith('.md')
const isFence = (line: string): boolean => /^\s*(?:\* ?)?```/.test(line)
const isTable = (line: string): boolean => /^\s*(?:\* )?\|/.test(line)

/** The comments of a source, or the words of a page: everything else is blank, and every character keeps its place. */
function proseOf(path: string, text: string): string {
  const blank = (some: string): string => some.replace(/[^\n]/g, ' ')
  const code = inSource(path) ? codeOf(text).split('\n') : []
  let isFenced = false
  const prose = text.split('\n').map((line, index) => {
    if (isFence(line)) isFenced = !isFenced
    if (isFenced || isFence(line)) return blank(line)
    const start = inSource(path) ? (code[index] as string).trimEnd().length : 0
    const words = blank(line.slice(0, start)) + line.slice(start)
    if (!inSource(path)) return words
    if (start > 0 && !/^\s+\/[/*]/.test(line.slice(start))) return blank(line)
    return words.replace(/^\s*(?:\/\*\*?|\/\/|\*(?!\/)) ?(?:@example .*)?/, blank).replace(/ \/\/ /, blank)
  })
  return prose.join('\n').replace(/`[^`\n]*`/g, blank)
}

/** Comments, and what is written for readers, fit into a window: no line is longer, but for tables, links and code. */
export const shortLines = eachFile(
  (path) => inSource(path) || isPage(path),
  (path, text) => {
    const prose = proseOf(path, text).split('\n')
    return text.split('\n').flatMap((line, index) => {
      const words = (prose[index] as string).trim()
      const isLong = line.replace(/https?:\/\/\S+|\]\([^)]*\)/g, '').length > columnsMax
      const counts = inSource(path) ? words !== '' || /^\s*\*/.test(line) : words !== ''
      return isLong && counts && !isTable(line) ? [`${path}:${index + 1} ${line.length} columns`] : []
    })
  },
)

/** Words that a translation leaves in English, and what a native speaker writes. */
const plainer: readonly (readonly [RegExp, string])[] = [
  [/\bbehind\b/, '"after" or "past"; only what lags, or is left, is behind'],
  [/\bso\s+many\b/, '"this many"'],
  [/\banew\b/, '"again", "rebuilt"'],
  [/\bas\s+hardly\s+as\b/, '"as hard as"'],
  [/\bwhoever\b/, '"anyone who", or what it is that does it'],
  [/\b(?:nobody|somebody|everybody)\b/, '"no one", "nothing", "anyone", or a passive'],
  [/\bof\s+the\s+future\b/, '"a future …"'],
  [/\b(?:a|last|two)\s+looks?\b/, '"a check", "two checks"'],
  [/\blook-ups?\b/, '"lookup"'],
  [/(?<!\bthe\s)\b(?:in|out)side\s+of\b/, '"inside", "outside"'],
  [/\bwork(?:s|ed)?\s+off\b/, '"process"'],
  [/\bany\s+more\b(?!\s+than)/, '"no longer"'],
  [/\bas\s+of\s+one\s+moment\b/, '"at one moment"'],
  [/\bturns?\s+of\s+the\s+event\s+loop\b/, '"tick": a turn is a job and all that it causes'],
]

/** Where "behind" is the English word: of what lags, and of what stays when something goes. */
const isBehind = /\b(?:lag(?:s|ged|ging)?|lea(?:ve|ves|ving|ft))\b[^.]*$/

/** Comments and pages say it as a native speaker would. */
export const plainWords = eachFile(
  (path) => inSource(path) || isPage(path),
  (path, text) => {
    const prose = proseOf(path, text)
    return plainer.flatMap(([word, instead]) =>
      [...prose.matchAll(new RegExp(word.source, 'gi'))].flatMap(({ 0: found, index }) => {
        const isMeant = found.toLowerCase() === 'behind' && isBehind.test(prose.slice(Math.max(0, index - 60), index))
        return isMeant ? [] : [`${path}:${lineAt(prose, index)} "${found.replace(/\s+/g, ' ')}": ${instead}`]
      }),
    )
  },
)

/** Every test runs. */
export const everyTestRuns = inCode(
  inTests,
  /\b(?:test|it|describe|suite|bench)\b(?:\.\w+)*\.(?:only|skip|todo)\b|\b(?:only|skip|todo):\s*true\b/g,
  'every test runs',
)

/** No file knows the machine that it was written on. */
export const noMachinePaths = eachFile(
  () => true,
  (path, text) => {
    const places = ['work', 'home', 'root', 'Users', 'tmp/bash'].join('|')
    const found = [...text.matchAll(new RegExp(`(?:^|[^\\w./~-]|file://)/(?:${places})[/_.]\\S*`, 'gm'))]
    return found.map((one) => `${path}:${lineAt(text, one.index + 1)} ${one[0].trim()}: a path of one machine`)
  },
)

/** Each error code has one row in docs/errors.md and is named by a test, and no row lacks its code. */
export function errorCodes(codes: readonly string[]): Gate {
  return (tree) => {
    const page = 'docs/errors.md'
    const rows = [...(tree[page] ?? '').matchAll(/^\| *`([^`]+)` *\|/gm)].map((row) => row[1] as string)
    const own = (path: string): boolean => path === 'test/tidy.test.ts' || path === 'test/support/tidy.ts'
    const tests = Object.entries(tree).filter(([path]) => inTests(path) && !own(path))
    const tested = (code: string): boolean => tests.some(([, text]) => new RegExp(`(['"\`])${code}\\1`).test(text))
    return [
      ...(codes.length === 0 ? ['src/core/errors.ts:1 has no codes'] : []),
      ...codes.flatMap((code) => (rows.includes(code) ? [] : [`${page}:1 no row for \`${code}\``])),
      ...codes.flatMap((code) => (tested(code) ? [] : [`src/core/errors.ts:1 no test names '${code}'`])),
      ...rows.flatMap((row) => (codes.includes(row) ? [] : [`${page}:1 a row for \`${row}\`, which is no code`])),
      ...rows.flatMap((row, at) => (rows.indexOf(row) === at ? [] : [`${page}:1 two rows for \`${row}\``])),
    ]
  }
}

const ours =
  /^(?:src|examples|template|bench|test|docs|package\.json|tsconfig\.json|(?:README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|\.ci|\.github|\.git(?:ignore|attributes)|\.ox\w+\.json)$/
const passedOver = ['node_modules', 'dist', 'target']

/** Every file of the repository, except installed and built ones. */
export function readTree(root: string): Tree {
  const walk = (path: string): [string, string][] => {
    const place = posix.join(root, path)
    if (!statSync(place).isDirectory()) return [[path, readFileSync(place, 'utf8')]]
    return readdirSync(place).flatMap((name) => (passedOver.includes(name) ? [] : walk(`${path}/${name}`)))
  }
  return Object.fromEntries(readdirSync(root).flatMap((name) => (ours.test(name) ? walk(name) : [])))
}
