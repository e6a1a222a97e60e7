/**
 * `millrace init DIR`: a project with a topology, a test of it, and all that both need.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { CommandFailed, UsageError } from '../exit-codes.ts'
import { argument, type Reader, value } from '../options.ts'
import { projectFiles, type ProjectFile } from '../project/project-files.ts'
import { projectName, projectNameOf } from '../project/project-name.ts'
import { declareVerb, type Verb } from '../verb.ts'

const spec: Reader<string> = (text) => {
  if (text.trim() !== '') return text
  throw new UsageError('Expected what npm installs: a version, a path or an address.')
}

export const verb: Verb = declareVerb({
  about:
    'The project counts clicks per page and minute, in strict TypeScript, and has a test for the test runner of ' +
    'Node. The directory must be missing or empty, apart from a .git. Installs nothing, and never replaces a ' +
    'file.',
  arguments: { directory: argument('where to make it; . is the current directory') },
  options: {
    name: value('--name <name>', 'the name of the package (default: that of the directory)', projectName),
    millrace: value(
      '--millrace <spec>',
      'which millrace it depends on: a version, a path such as ./millrace.tgz, or an address (default: this version)',
      spec,
    ),
  },
  json: 'One object: `path`, `name` and `files`.',
  examples: [
    { does: 'A project in ./click-counts', line: 'millrace init ./click-counts' },
    { does: 'With a name of its own', line: `millrace init ./app --name @acme/clicks --json | jq -r .name` },
  ],
  async run({ directory, name: given, millrace }, { out }) {
    const path = resolve(directory)
    const name = given ?? projectNameOf(path)
    const files = projectFiles(name, millrace === undefined ? undefined : specFrom(path, millrace))
    checkIsFree(directory, path)
    write(directory, path, files)
    if (out.isJson) return out.facts({ path, name, files: files.map((file) => file.path) }, [])
    out.add(`made ${name}: ${files.map((file) => file.path).join(', ')}\n\nnext:\n`)
    const steps = ['npm install', 'npm test', 'npx millrace run src/topology.ts']
    for (const step of path === resolve('.') ? steps : [`cd ${typed(directory)}`, ...steps]) {
      out.add(`  ${out.harmless(step)}\n`)
    }
  },
})

/** A path as seen from the project; anything else is npm's business. */
function specFrom(project: string, text: string): string {
  if (existsSync(text)) return `file:${relative(project, resolve(text)).replaceAll(sep, '/')}`
  if (/^\.{0,2}\/|\.tgz$/.test(text) && !text.includes(':')) throw new UsageError(`there is no file ${shown(text)}`)
  return text
}

/** @throws CommandFailed with what is in the way */
function checkIsFree(directory: string, path: string): void {
  if (!existsSync(path)) return
  const inTheWay = namesIn(directory, path).filter((name) => name !== '.git')
  if (inTheWay.length === 0) return
  const some = inTheWay.slice(0, 5).map((name) => shown(name))
  const more = inTheWay.length - some.length
  throw new CommandFailed(
    `${shown(directory)} is not empty: it has ${some.join(', ')}${more > 0 ? ` and ${more} more` : ''}; name a ` +
      'directory that is missing or empty',
  )
}

function namesIn(directory: string, path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    throw cannotMake(directory, error)
  }
}

function write(directory: string, path: string, files: readonly ProjectFile[]): void {
  try {
    for (const file of files) {
      const at = join(path, file.path)
      mkdirSync(dirname(at), { recursive: true })
      writeFileSync(at, file.text, { flag: 'wx' })
    }
  } catch (error) {
    throw cannotMake(directory, error)
  }
}

function cannotMake(directory: string, error: unknown): CommandFailed {
  return new CommandFailed(`cannot make a project in ${shown(directory)}: ${messageOf(error)}`, { cause: error })
}

/** As a shell takes it. */
function typed(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
