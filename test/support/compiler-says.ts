// What the compiler says of a program that imports millrace: for tests of its messages.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { API, type Diagnostic } from 'typescript/unstable/sync'
import { temporaryDirectory } from './temporary-directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The messages for each line of code that the compiler refuses, the text of the line first. */
export function compilerSays(code: string): ReadonlyMap<string, string> {
  const dir = temporaryDirectory()
  const config = join(dir, 'tsconfig.json')
  const path = join(dir, 'program.ts')
  writeFileSync(path, code)
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        typeRoots: [join(root, 'node_modules/@types')],
        paths: { millrace: [join(root, 'src/index.ts')] },
      },
      include: [path],
    }),
  )
  const compiler = new API()
  try {
    const [project] = compiler.updateSnapshot({ openProjects: [config] }).getProjects()
    if (project === undefined) throw new Error(`there is no project ${config}`)
    const messages = new Map<string, string>()
    for (const found of project.program.getSemanticDiagnostics(path)) {
      const line = code.slice(code.lastIndexOf('\n', found.pos - 1) + 1).split('\n', 1)[0] as string
      messages.set(line.trim(), wholeText(found))
    }
    return messages
  } finally {
    compiler.close()
  }
}

function wholeText({ text, messageChain = [] }: Diagnostic): string {
  return [text, ...messageChain.map(wholeText)].join('\n')
}
